"""What people say to an agent that no project's memory has anything to say about."""

from __future__ import annotations

UNRELATED = """
run the tests
run it again please
rerun only the failing ones
fix the failing import
fix the lint errors in this file
format everything
commit this and push
commit with a sensible message
amend the last commit
open a pull request for this branch
rebase onto main and resolve the conflicts
revert your last change
undo that
undo the edit in the second function
rename this variable to something clearer
rename foo to bar everywhere
extract this block into a helper
inline that function again
split this file in two
move this class to its own module
delete the dead code
remove the print statements
add a docstring to that function
add type hints here
add a unit test for the parser
write tests for the edge cases
mock the network call in that test
make it faster
make this less verbose
make the button blue
center the div
align these columns
sort the imports
refactor this into smaller functions
simplify the condition in the loop
use early returns instead
use a dataclass for this
turn this callback into async await
convert this script to python 3
port this function to rust
translate the comments into English
translate "good evening" into Finnish
generate some dummy data for me
generate a uuid
write a regex for emails
write a regex that matches ISO dates
write a bash one-liner that counts lines per file
write a SQL query that returns duplicates
write a haiku about the sea
write a limerick about compilers
write a short birthday greeting for my aunt
draft a polite email declining a meeting
summarize this article for me
summarise the text below in three bullets
proofread this sentence
shorten this paragraph to fifty words
rewrite this in plain English
make this email sound friendlier
list the files in this folder
list the ten largest files
show me the diff
show me the last ten lines of the file
print the environment variables
open the readme
read the error message again
look at line 40
look at the stack trace below and tell me what is wrong
check whether this compiles
check the spelling
install the missing package
update all dependencies
upgrade pip
create a virtualenv
create a new branch called scratch
create an empty file named notes.txt
set up a basic flask app
scaffold a react component
implement quicksort in javascript
implement an LRU cache
implement a binary search tree with tests
build a todo app
try another approach
try with a smaller input
keep going
continue
go on
go ahead
do it
do the same for the other file
yes please
yes, do that
no, the other one
no thanks
not that file, the one above
stop
wait
wait, stop, that is wrong
hold on a second
never mind
forget it, I will do it myself
ok
okay cool
sure
perfect
great, ship it
looks good
looks good to me, thanks
thanks
thank you so much
thanks, much nicer now
nice work
awesome
hm
hmm, weird
hm, wrong file
that did not work, try again
that is still broken
it still fails
same error
same as before
still red
works now
it works, thank you
good morning!
good night, see you tomorrow
hello
hi there
hey, are you there?
how are you today?
who are you?
what can you do?
which model are you?
are you sure?
really?
why?
what?
what do you mean?
what do you think?
can you explain that again?
can you elaborate?
can you do that?
can you see the image?
can you rename the variable foo to bar?
could you take another look?
would you mind explaining this line?
did it work?
did you save the file?
is that all?
is it done yet?
are you finished?
what happened?
what changed?
what's next?
what now?
tell me a joke
tell me something interesting
tell me about the roman empire
sing me a song
what time is it?
what time is it in Buenos Aires?
what day is it today?
what's the weather like tomorrow?
will it rain in Oslo this weekend?
what is the capital of Mongolia?
what is the tallest building in the world?
how tall is Mount Kilimanjaro?
how far is the moon?
how many moons does Jupiter have?
how many legs does a spider have?
how old is the universe?
how long does it take to boil an egg?
how do I get red wine out of a carpet?
how do I tie a bow tie?
how do vaccines work?
who painted the Mona Lisa?
who wrote Moby Dick?
who won the last Tour de France?
who invented the telephone?
who is the president of France?
when did the Berlin Wall fall?
when was the printing press invented?
where do penguins live?
where is Timbuktu?
why is the sky blue?
why do cats purr?
which planet is the largest?
which is healthier, butter or margarine?
what's 17 times 23?
what is the square root of 1764?
what is 15 percent of 240?
convert 12 inches to centimetres
convert 72 fahrenheit to celsius
what goes into a good onion soup?
what should I cook tonight?
what should I watch tonight?
recommend a thriller for the holidays
recommend a restaurant in Lisbon
suggest a name for my cat
plan a weekend trip to Prague
give me three gift ideas for a ten-year-old
what does the word serendipity mean?
how do you spell accommodate?
what's the plural of octopus?
what is the difference between affect and effect?
explain monads
explain recursion to a five-year-old
explain quantum entanglement simply
explain how TCP congestion control works
explain the CAP theorem
what is a closure in javascript?
what is a segfault?
what is the difference between a list and a tuple?
what is the difference between TCP and UDP?
what does the volatile keyword do in C?
what does chmod 755 mean?
what is dependency injection?
how do I reverse a string in python?
how do I exit vim?
how do I undo the last git commit?
how do I center a div with flexbox?
how do I read a file line by line in go?
how do I kill a process by port on linux?
how do I deep-copy an object in javascript?
how does garbage collection work in Java?
how does a hash map work?
how does public key cryptography work?
when should I use a mutex?
when should I use composition over inheritance?
which sorting algorithm is fastest for nearly sorted data?
which is better, tabs or spaces?
why is my for loop skipping elements when I remove items?
why does floating point addition give 0.30000000000000004?
is rust faster than go?
is a tomato a fruit?
can dogs eat chocolate?
can a for loop modify the list it iterates over in python?
does javascript have tail call optimisation?
do fish sleep?
should I learn haskell?
should I use var or let?
what's the big-O of inserting into a heap?
what's the best way to learn the guitar?
what are the rules of chess?
what are design patterns?
what are some good icebreakers?
list the planets in order
list the kings of England
name five rivers in Africa
count to ten in Spanish
put these words in order: kiwi, lemon, date
give me a synonym for happy
pick a random number between 1 and 100
flip a coin
let's play a game
i'm bored
i'm tired, let's stop here
i'll be back in ten minutes
one moment
brb
lol
haha, good one
please wrap these lines
please be quiet
paste the output here
here is the log:
see the screenshot above
as I said
let's move on to the next one
let's start over
let me think
my mistake
good point
fair enough
can you make the font a bit bigger
put a try/except around that call
swap the order of those two arguments
why did you change that file?
that looks overcomplicated, simplify
drop the last commit but keep the changes
use a list comprehension there
the indentation is off
it says permission denied
i get a syntax error
where did you put the new function?
don't touch the other files
explain what this regex does
explain the difference between a process and a thread
what's the difference between git merge and git rebase?
how do I squash commits?
how can I check which process is using a port?
how do I write a for loop in bash?
is there a way to pretty-print json on the command line?
what does the -rf flag do?
what is an idempotent operation?
what's a monoid?
which http status code means too many requests?
what is the time complexity of binary search?
what's the default port of ssh?
give me an example of a generator in python
show me how to use argparse
write a dockerfile for a node app
write a function that checks whether a string is a palindrome
write me a cover letter for a junior developer position
write a short bedtime story about a dragon
convert this json to yaml
convert 3pm Berlin time to New York time
calculate the mean of 4, 8, 15, 16, 23 and 42
what is 2 to the power of 10?
how many seconds are in a day?
how many calories does an apple have?
how far is it from Paris to Berlin?
who was the first person on the moon?
who directed Pulp Fiction?
what's the population of Canada?
which river flows through Vienna?
when is Easter next year?
when does the winter solstice happen?
where can I buy good coffee in Porto?
why do leaves change colour in autumn?
what's the best pizza topping?
do you like music?
do you remember me?
can you speak German?
can penguins fly?
is it going to snow tomorrow?
is python still popular?
are bananas berries?
should I take an umbrella?
what should I name my dog?
what rhymes with orange?
tell me a fun fact
recommend a podcast about history
suggest a workout for beginners
i need a break
sorry, wrong window
ignore that last message
hang on, phone call
that's much better
not quite what i meant
yes, the second option
option b
y
ship it
""".strip().splitlines()
