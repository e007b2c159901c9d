"""What is never kept, however it is put: questions, ideas, acknowledgements, requests about the task at hand.

Also what takes back something said before, and sentences of an agent that relay what a tool's output asked it to do.
"""

from __future__ import annotations

import enum
import re

from sidecar.expressions import regex
from sidecar.extract.patterns import Kind
from sidecar.extract.tongues import asks


class Noise(enum.Enum):
    """Why a sentence is not kept."""

    QUESTION = "question"
    IDEA = "idea"
    SMALL_TALK = "small talk"
    REQUEST = "request"
    HEARSAY = "hearsay"
    TAKEN_BACK = "taken back"
    RELAYED = "relayed"
    CREDENTIAL = "credential"


def _any(*alternatives: str) -> re.Pattern[str]:
    """One pattern of several; all but LEADING_FILLER are matched against lower-cased text, which is quicker."""
    return regex("|".join(f"(?:{one})" for one in alternatives))


_FILLER = (
    r"(?:(?:ok(?:ay)?|so(?! (?:you know|that))|and|but|also|btw|by the way|oh|ah|hm+|well|right|yeah|yes|yep|no|nope"
    r"|hey|hi|hello|morning|good|"
    r"great|nice|cool|alright|sure|wait|now(?! (?:that|it|we|the|i|all)\b)|then|pls|please"
    r"|just(?! (?:so|now|went|\w+ed|cut|rolled)\b)|ugh|argh"
    r"|gr+|damn|wtf|sorry|thanks|thx|fine|perfect|"
    r"awesome|anyway|actually|hmm|uh|um)\b[\s,.!:–—-]*)*"
)
LEADING_FILLER = regex(rf"^\W*{_FILLER}", re.IGNORECASE)

_QUESTION = _any(
    r"\?[\s\"')\]!?]*$",
    r"^(?:can|could|would|will|shall|should|do|does|did|is|are|was|were|have|has|am|may|might|isn'?t|aren'?t"
    r"|don'?t you|"
    r"doesn'?t|won'?t|wouldn'?t|couldn'?t) (?:you|we|i|it|this|that|the|there|they|he|she|any|someone"
    r"|somebody)\b(?! need\b.*:)",
    r"^(?!what'?s left)(?:why|how|who|whose|where|when|what|which)(?:'s|s)? (?:\w+ ){0,3}?(?:is|are|was|were|do|does"
    r"|did|can|could|should|"
    r"would|will|has|have|had|the hell|the heck|about|if|now)\b(?! (?:we|i) (?:use|want|need|agreed|decided)\b)",
    r"^(?:what|how|who|where|why)(?:'?s|'?re) (?!left\b)(?!.*\bleft$)",
    r"^(?:why|how come|any idea|any chance|anything else|what now|and now)\b",
    r",\s*(?:can|could|should|shall) (?:we|you|i)\b|^(?:do you|did you|are you|any thoughts|thoughts)\b|\b(?:right"
    r"|no|ok|correct|huh|or)\?",
)
_IDEA = _any(
    r"\b(?:what if|how about|what about|imagine|suppose|let'?s say|hypothetically|in theory|thinking aloud"
    r"|thinking out loud"
    r"|just thinking|brainstorm\w*|wild idea|crazy idea|in an ideal world|in a perfect world|daydream\w*)\b",
    r"\b(?:maybe|perhaps) (?:one day|some ?day|later|we|i|it|a|an|the|use|try|add|switch|move|go)\b|\bone day\b"
    r"|\bsome ?day\b",
    r"\bif (?:we|i|you|they|it|he|she|the \w+) (?:ever|were|was|had|could|would|did)\b",
    r"\b(?:could|might|may) (?:also )?(?:be (?:nice|cool|fun|worth|that|a)|try|use|move|switch|rewrite|consider)\b",
    r"\b(?:would be|would've|would have|might be|could be) (?:nice|cool|fun|great|better|nicer|cleaner|worth|faster"
    r"|smarter)\b",
    r"\b(?:i wish|wish we|dream of|tempted to|toying with|not (?:decided|sure) yet|haven'?t decided|undecided"
    r"|still thinking)\b",
    r"\b(?:thinking (?:about|of) (?:\w+ing|a|the|whether)|considering (?:\w+ing|a|the|whether)|wondering)\b",
    r"^if (?:the |a |an )?(?:[\w-]+ ){1,3}would\b",
    r"\bi wonder\b|\bshould we\b|\bcould we\b|\bwe (?:could|might|may want to|should probably)\b|\bi (?:could|might)\b",
)
_TAKEN_BACK = _any(
    r"\b(?:nah|no)?,? ?(?:(?<!n't )(?<!nt )(?<!not )forget (?:it|that|about it|what i (?:said|wrote))|never ?mind"
    r"|nvm|scratch that|scrap that|strike that|"
    r"ignore (?:that|what i said|my last|the above)|disregard (?:that|my last)|i take (?:that|it) back"
    r"|on second thought|"
    r"not anymore|false alarm|my bad,? (?:that|it)'?s not|i was wrong(?: about that)?)\b",
)
_SMALL_TALK = _any(
    r"^(?:ok(?:ay)?|k+|yes|yep|yeah|yup|no|nope|sure|fine|good|great|nice|cool|thanks?(?: you)?|thx|ty|perfect"
    r"|awesome|lgtm|"
    r"go(?: on| ahead)?|continue|next|again|done|hm+|huh|wow|oh+|ah+|right|exactly|correct|agreed|please|pls|hi"
    r"|hello|hey|"
    r"(?:good )?(?:morning|evening|night|afternoon)|bye|cheers|sorry|ugh|argh|lol|wait|stop|shush|coffee|brilliant"
    r"|same here|"
    r"looks? (?:ok|good|fine|great)(?: to me)?|sounds? good|good catch|well done|got it|makes sense|i see|me too"
    r"|that'?s (?:it|all|fine|enough|ok)|"
    r"thats (?:it|all|fine|enough|ok)|no worries|no problem|you learn|ship it|do it|go for it|laughing"
    r"|whatever)\b[\s\w]{0,16}[.!)…:(]*$",
    r"\bjoke\b|\bkidding\b|\bjust joking\b|\(j/?k\)",
    r"^(?:i'?m |i am )?(?:back|off|away|out)\b.{0,30}$|\b(?:lunch|coffee break|dinner|bed ?time|brb|afk|ttyl|see you"
    r"|talk to you)\b",
    r"^(?:let me (?:tell|think|explain|look|check|see)|let'?s (?:see|start|go|continue|begin|talk)|here(?:'s| is"
    r"| are|s)|see (?:below|above|attached))\b",
)
_WORK = (
    r"fix|add|run|rerun|re-run|rename|show|make|write|rewrite|update|change|move|commit|push|pull|undo|revert|check"
    r"|look|find|"
    r"explain|refactor|remove|delete|create|implement|start|restart|open|try|test|put|set|install|uninstall|generate"
    r"|do|"
    r"go|continue|give|tell|read|print|list|build|rebuild|deploy|clean|format|merge|rebase|apply|take|bring|finish|"
    r"replace|convert|extract|split|verify|review|debug|investigate|search|grep|cat|scroll|pin|mask|wire|hook|bump"
    r"|raise|lower|"
    r"increase|decrease|enable|disable|execute|spawn|launch|kill|perform|ensure|evaluate|analy[sz]e|proceed|pick up"
    r"|document|describe|summari[sz]e|compare|draft|wait|help|ask|use (?:it|this|that|them)|"
    r"drop (?:it|this|that)|stop (?:it|here|there|now)|skip (?:it|this|that)|ignore (?:it|this)|let'?s|lets|can you"
    r"|could you|"
    r"would you|i want you to|i need you to|i'd like you to|you can|you should|go back|dig|profile|measure|export"
    r"|plot|render|"
    r"need to|have to|gotta|want to|trying to|going to|time to|upgrade|downgrade|comment|copy|paste|download|upload"
    r"|inline|simplify|polish|align|center|style|paginate|port|migrate|hold"
)
_REQUEST = regex(
    r"^(?:(?:in|for) (?:this|the) \w+,\s+)?(?:then |now |first |so |and |also |next,? |again "
    rf"|maybe )*(?:{_WORK})\b(?!\s*:)"
)
# A request that comes after its reason, and what "it" should be: both are of the thing in hand.
_EMBEDDED = regex(
    r"\bi (?:want|need|would like) you to (?!always|never|remember|keep|use)\w|^(?:it|this|that|these|they) should\b"
    rf"|[,;] (?:so )?(?:please|pls)(?: also)? (?:{_WORK}|fill|address|correct)\b"
)
_CONDITIONAL = regex(
    rf"^(?:if|when|once|after) [^.,]{{3,80}}, (?:then )?(?:{_WORK}|redirect|return|throw|raise|display|send|log|hide"
    r"|ignore)\b"
)
# "make it 88", "change the interval: every 5 minutes" set a value that stays: the work is the smaller part of it.
_SETS_VALUE = regex(
    r"^(?:change|set|make|bump|raise|lower|move|switch)\b(?:[^.:]{1,40}:\s+\S|\s+(?:it|that)\s+(?:to\s+)?\d)"
)
# "test set: …", "build server is …": the first word is a noun here.
_NOUN_FIRST = regex(
    r"^(?:test|build|deploy|commit|plan|release|log|format|style|check|run|list|set|show|import|export|plot|port"
    r"|report|document|"
    r"render|style|profile|draft|help|search|copy|comment|merge|review|debug|update|upgrade|change|push|pull|read"
    r"|write|print)"
    r"(?:\s+(?!the|this|that|it|a|an|all|my|our|your|these|those|to|for|in|me|and|them)[\w-]+){0,2}\s*(?::|\s(?:is"
    r"|are|has|runs?|lives?|stays?|goes?|go|takes?|uses?|needs?)\b)"
)
_ONE_OFF_NEGATIVE = regex(
    r"^(?:do ?n'?t|do not|never)\b[^,;]{0,50}\b(?:yet|right now|this time|for now)[.!]*$|"
    r"^(?:do ?n'?t|do not|never|stop)\s+(?:\w+ing\s+)?(?:\w+\s+){0,1}(?:that|this|it|them|these|those|yet"
    r"|anything yet|now|here)\b"
    r"(?!\s+(?:into|to|in|on|with|for|by|via|from)\b)[^,;]{0,20}$"
)
_HEARSAY = _any(
    r"\b(?:some ?(?:guy|one|body|people|dude)|a (?:guy|blog(?: ?post)?|tutorial|forum|random|post)|people|they"
    r"|the (?:internet|"
    r"forum|tutorial|blog|article|readme|docs|documentation|manual|changelog|page|website|log|error|warning)|reddit"
    r"|hn|hacker news|"
    r"stack ?overflow|chatgpt|copilot|gpt|twitter|linkedin|medium)\b.{0,30}\b(?:says?|said|writes?|wrote|claims?"
    r"|claimed|recommends?|recommended|suggests?|suggested|swears?|mentions?)\b",
    r"\baccording to (?:the (?:docs|readme|internet|forum|blog)|reddit|stack ?overflow|some)\b",
)
_RELAYED = _any(
    r"\b(?:address(?:es|ed|ing)?|aimed at|meant for|directed at|for|asks?|tells?|telling|instructs?|instructing"
    r"|urges?) (?:to )?(?:ai |llm |coding )?(?:agents?|assistants?|llms?|language models?|ais?|me to)\b",
    r"\b(?:prompt[- ]?injection|hidden (?:instruction|text|prompt|comment)s?|injected (?:instruction|text|prompt)s?"
    r"|injection attempt)\b",
    r"\b(?:ignor(?:e|es|ed|ing)|disregard(?:s|ed|ing)?|not (?:follow|act|acting|following)(?:ing)?(?: on)?"
    r"|don'?t follow|won'?t follow|did not follow)\b.{0,40}\b(?:it|that|this|them|those|these|instruction|text|line"
    r"|comment|request)s?\b",
    r"\b(?:ignore|disregard|forget) (?:all |any |your |the )*(?:previous|prior|above|earlier|system) (?:instruction"
    r"|prompt|message|rule)s?\b",
    r"\byou are (?:now )?(?:a|an|in) (?:\w+ ){0,3}(?:mode|assistant|ai|agent)\b|\bsystem prompt\b",
)
_CREDENTIAL = _any(
    r"\[?\bredacted\b|\*{4,}|█{2,}|•{4,}|\[(?:secret|hidden|removed|masked)[^\]]{0,40}\]|<(?:secret|private"
    r"|hidden)[^>]{0,40}>",
    r"\b(?:password|passphrase|passwd|secret|api[- ]?key|token)(?: (?:for|of) [\w .-]{1,40}?)?\s*(?:is|was|="
    r"|:)(?!\s+(?:in|at|with|kept|stored|under|on|not|old|gone|rotated|expired|required)\b)\s*\S",
)


_FIRM = 3
"""Weight of a cue that makes an order of what would be a request."""


def noise(text: str, *, quoted: bool = False) -> Noise | None:
    """Why this sentence is not to be kept, or None.  `text` is cleaned of leading fillers."""
    text = text.lower()
    if _CREDENTIAL.search(text):
        return Noise.CREDENTIAL
    if _RELAYED.search(text):
        return Noise.RELAYED
    if _QUESTION.search(text) or asks(text):
        return Noise.QUESTION
    if _TAKEN_BACK.search(text):
        return Noise.TAKEN_BACK
    if _IDEA.search(text):
        return Noise.IDEA
    if _SMALL_TALK.search(text):
        return Noise.SMALL_TALK
    if quoted or _HEARSAY.search(text):
        return Noise.HEARSAY
    return None


def is_request(text: str, cues: dict[Kind, int]) -> bool:
    """Whether a sentence, cleaned of leading fillers, asks for something to be done now; a standing order does not."""
    text = text.lower()
    if max(cues.get(Kind.STANDING, 0), cues.get(Kind.REMEMBER, 0)) >= _FIRM:
        return False
    if _ONE_OFF_NEGATIVE.search(text):
        return True
    if Kind.EVERYWHERE in cues or Kind.TASK in cues or _SETS_VALUE.search(text):
        return False
    if _CONDITIONAL.search(text) or _EMBEDDED.search(text):
        return True
    return bool(_REQUEST.search(text)) and not _NOUN_FIRST.search(text)


def takes_back(text: str) -> bool:
    """Whether a sentence withdraws what was said before it."""
    return bool(_TAKEN_BACK.search(text.lower()))
