"""The ways in which people say what holds, what changed and what is only of the moment: the table behind `cues`.

Each entry is a way of talking, not a word of a project.  The weights are relative to `people.THRESHOLD`: a cue of its
weight is enough by itself, smaller ones need company.
"""

from __future__ import annotations

import enum
import re

from sidecar.expressions import regex
from sidecar.records import dataclass


class Kind(enum.Enum):
    """What a cue says of a sentence."""

    STANDING = "standing"  # holds beyond the task: always, never, from now on
    DIRECTIVE = "directive"  # how something is to be done
    CHOICE = "choice"  # we use X; X, not Y
    CHANGE = "change"  # what was so is so no more
    DECISION = "decision"  # somebody decided
    REMEMBER = "remember"  # asked to be kept
    CORRECTION = "correction"  # the agent was wrong
    REASON = "reason"
    STATED = "stated"  # a declarative sentence
    TOPIC = "topic"  # "subject: …"
    FINDING = "finding"  # somebody found out
    HAPPENED = "happened"  # an event
    EVENT = "event"  # told with its time, see `events`
    DATED = "dated"  # on a day that is over
    TASK = "task"
    EVERYWHERE = "everywhere"  # said of all projects
    AGAINST = "against"  # of the moment, unsure, about oneself


@dataclass(frozen=True, slots=True)
class Cue:
    """Patterns for lower-cased text, what each of them means and how much it weighs (negative for AGAINST)."""

    kind: Kind
    weight: int
    patterns: tuple[re.Pattern[str], ...]

    def speaks_in(self, lower: str) -> bool:
        """Whether one of the patterns is found in a lower-cased text."""
        for pattern in self.patterns:  # noqa: SIM110 - a generator for `any` takes half as long again, and this is asked most
            if pattern.search(lower):
                return True
        return False


def _cue(kind: Kind, weight: int, *alternatives: str) -> Cue:
    # Quicker than one large pattern with IGNORECASE, because `re` can then tell by first letters where to look.
    return Cue(kind, weight, tuple(regex(one) for one in alternatives))


_NEGATED = r"(?:do ?n['o]?t|do not|please don'?t)"
_CLAUSE = r"(?:^|[,;:.(!–—-]\s*|\b(?:and|but|or|so|please|should|must|to|we|you|i)\s+)"

CUES: tuple[Cue, ...] = (
    _cue(
        Kind.STANDING,
        3,
        rf"{_CLAUSE}(?:please\s+)?(?:never|always)\b(?!\s+(?:mind|been|was|had|seen|heard|knew|thought|got|worked))",
        r"(?:,|\.)\s*(?:never|always|ever)\s*[.!]*$",
        r"\b(?:from now on|from here on|going forward|as a rule"
        r"|in general(?! (?:the|this|it|i|looks?)\b)|at all times|under no circumstances)\b",
        r"\b(?:house|golden|hard|ground|general|standing|team) rules?\b|\b(?:it'?s|thats?|that's|is) (?:a|the"
        r"|our) rule\b|^rules?:",
        r"\bfor (?:this|the whole|our) (?:repo|repository|project|codebase)\b",
        r"\bhands off\b|\boff[- ]limits\b|\b(?:do not|do ?n'?t|never) touch\b(?! (?:it|this|that|them) (?:yet|now))",
        r"\bunless (?:i|we) (?:ask|say|tell)\b|\bwithout (?:me|my|asking|telling)\b",
        r"\bevery (?:\w+ ){1,3}(?:must|has to|needs? to|should|goes|gets)\b",
        r"\b(?:ask|check with|consult|warn|wait for) (?:me|us|my (?:ok|okay|approval|go-ahead))(?: first)? before\b"
        r"|^(?:before|after) (?:each|every|any)\b|^when you (?!'|a?re\b|have|finish|get|can|see|need|want|come"
        r"|done)\w+",
        r"^let'?s (?:not|never|always|only)\b|\b(?:whenever|every time) you\b|\bby default\b.{0,40}\b(?:use|want"
        r"|should|must)\b",
        r"\b(?:our|the|my) (?:convention|policy|standard|practice|habit|style|guideline)s? (?:here )?(?:is|are|says?)\b"
        r"|\bi(?:'d| would) (?:rather|prefer|like) (?:you|the|all|every|each|our|my)\b(?! to (?:look|check|fix|see"
        r"|explain"
        r"|try|run|add|start|go|do|help))",
        r"^(?:please )?ensure (?:that )?(?:all|every|each|no|any|nothing)\b|^no more [\w.()-]+ (?:in|on|for|from)\b",
        r"^(?!the |this |that |these |those |it |they |we |you |i )(?:[\w-]+ ){0,2}[\w-]{3,}s (?:should|shall) "
        r"(?:not |never |always )?(?!be (?:fixed|working|done|ready|able)\b)\w+",
        r"\bno exceptions?\b|\bnon-?negotiable\b|\bmake sure (?:that )?(?:all|every|each|no|any|nothing|nobody)\b",
    ),
    _cue(
        Kind.DIRECTIVE,
        2,
        rf"{_CLAUSE}{_NEGATED}\s+(?!worry|bother|think|know|care|see|mind|like|have|want|remember|forget|get"
        r"|understand|need|bite|ask|answer)\w+",
        rf"{_CLAUSE}(?:stop|avoid|prefer|skip)\s+(?!it\b|this\b|that\b|here\b|now\b)\w+",
        rf"{_CLAUSE}(?:stick to|stick with|make sure|be sure to|keep|leave)\s+(?!in mind|it\b|this\b|that\b|going\b"
        r"|me\b|trying\b)\w+",
        rf"{_CLAUSE}only\s+(?!the first|one|if|this|that)\w+",
        r"\bno (?!longer|more\b|one\b|idea\b|problem|need\b|wonder|way\b|clue|worries|hurry|rush|reason|diff"
        r"|errors?\b|thanks|wait|no\b)[a-z][\w-]+(?:s|ing)\b",
        r"\b(?:max(?:imum)?|at most|no more than|not more than|under|up to|at least|min(?:imum)?)\s+\d"
        r"|\b\d[\w ]{0,20}\s(?:max|tops|minimum)\b",
        r"\bi(?:'d)? (?:always )?(?:want|prefer|like|expect|insist on)\s+(?!you to|to (?:see|know|add|fix|try|go|do))",
        r"^(?:naming|spelling|indentation|formatting|line endings)\b[\w ]{0,30}:",
        r"\bstays?\s+(?:off|on|disabled|enabled|out|as (?:it is|is))\b",
    ),
    _cue(
        # Of things in general, not of one at hand: "don't add comments to tests", "no more emojis".
        Kind.DIRECTIVE,
        3,
        rf"^(?:please |and |but |also |so |just )*(?:{_NEGATED}|stop|avoid|quit)\s+(?!worry|bother|think|care|forget"
        r"|panic|be\b|get\b|wait\b)(?:ever )?[a-z]+\s+(?!the\b|this|that|th[eo]se\b|them\b|it\b|its\b|me\b|us\b|you\b"
        r"|your\b|my\b|our\b|an?\b|to\b|about\b|so\b|too\b|again|yet|now|here|any(?:thing|more)?\b|on\b|in\b|up\b)"
        r"(?:[\w`-]+ ){0,2}[\w`-]+s\b(?!.*\b(?:yet|right now|for now|this time|for the moment|today)\b)",
    ),
    _cue(
        Kind.DIRECTIVE,
        1,
        r"\b(?:must|mustn'?t|has to be|have to be|needs to be|should|shouldn'?t|ought to|may not|is not allowed"
        r"|may only)\b",
    ),
    _cue(
        Kind.CHOICE,
        2,
        rf"{_CLAUSE}use\s+(?!it\b|this\b|that\b|the same\b|them\b|your\b)[\w`@./-]+\s+(?:for|in|here|everywhere|when"
        r"|with|not|instead|over|to)\b",
        r",\s*(?:and )?not\s+(?!sure|yet|today|now|really|that|a\b|the (?:other|first|second|last)|in\b|so\b|just"
        r"|only|like|because|working)[\w`@./-]+",
        r"(?<=[.;]\s)not\s+(?!sure|yet|today|now|really|that|a\b|the\b|in\b|so\b|just|only|like|because)[\w`-]+[.!]"
        r"|^not\s+(?!sure|yet|today|now|really|that|a\b|the\b|in\b|so\b|just|only|like|because)[\w`-]+[.!]?$",
        r"\bonly[.!]*$|\binstead of\b|\brather than\b|\b(?:use|prefer|choose|pick|favou?r) [\w ./-]{2,40} over\b",
        r"\b[\w/-]+ only (?:in|on|for|with|from|by|at|when|via|through|after|during|as|inside)\b",
    ),
    _cue(
        Kind.CHOICE,
        3,
        r"\bwe(?:'re| are) on (?!it\b|the same|track|our\b|call\b)\w|\bwe(?:'re| are)? (?:always |only |all "
        r"|just )?(?:us(?:e|ing)|go(?:ing)? with|went with|stick(?:ing)? (?:with|to)|deploy(?:ing)? (?:to|with|via)"
        r"|write|target|support|pin|store|keep|name|log|ship|run on)\b(?! (?:to|it|this|that)\b)",
    ),
    _cue(
        # A way of working, chosen between two: "run things with just rather than make".
        Kind.CHOICE,
        3,
        r"^(?:please )?(?:use|run|write|prefer|choose|pick|call|build|install|import|name|test|format|deploy)\b.{3,60}"
        r"\b(?:rather than|instead of|over) [\w`./-]+(?: \w+)?[.!]*$",
    ),
    _cue(
        Kind.CHANGE,
        3,
        r"\b(?:anymore|any more|any longer|no longer|not \w+ anymore)\b",
        r"\bno more\s+(?!than)\w+",
        r"\b(?:has |have |had |was |were |got |been |we |i |just |they )(?:moved|switched|migrated|ported|changed"
        r"|renamed|replaced|upgraded|bumped|swapped|retired|deprecated|dropped|removed|cancelled|canceled|shut down"
        r"|turned off|decommissioned)\b(?! (?:it|this|that|the (?:import|line|test|function|variable|file)))",
        r"\bmoves? to\b|\bmoved (?:from|off|over|again|to)\b|\bswitched (?:from|to|over)\b|\bmigrated (?:from|to"
        r"|off)\b",
        r"\b(?:is|are|it's|its|'s|runs?|lives?|listens?|takes?|uses?|needs?|costs?|at|on)\s+now\b|\bnow\s+(?:at|on"
        r"|in|is|are|runs?|lives?|listens?|uses?|takes?|goes|needs?|belongs|called|managed|hosted|handled)\b",
        r"\b(?:is|are|it's|its)\s+(?:[\w./:`-]+\s){1,3}now\b|\bnow it'?s\b|\bso now (?:i|we)\b",
        r"\bsince (?:last|this|mon|tues|wednes|thurs|fri|satur|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
        r"|yesterday|v?\d|the)\w*",
        r"\b(?:from|as of|starting)\s+(?:next \w+|tomorrow|today|mon|tues|wednes|thurs|fri|satur|sun|jan|feb|mar|apr"
        r"|may|jun|jul|aug|sep|oct|nov|dec|v\d)\w*",
        r"\bthere(?:'?s| is| are) (?:a |an )?[\w-]+ now\b|\b(?:is|are) (?:out(?! of\b)|gone|dead|off the table"
        r"|history|retired|deprecated|dropped|cancelled|canceled)\b",
        r"\b(?:throw(?:ing)?|kick(?:ing)?|rip(?:ping)?) out\b|\bgetting rid of\b|\b(?:drop(?:ping)?|scrap(?:ping)?"
        r"|ditch(?:ing)?|retir(?:e|ing)) (?!it\b|this\b|that\b|the (?:table|column|line|test|import))\w+(?=\s+for\b"
        r"|\s+in favou?r\b|[,.:;]|$)",
        r"\bwe left \w+|\b(?:new|changed) (?!file|test|branch|function|class|component|line|tab|window|error|issue"
        r"|problem|session|chat|one|day|here)\w+(?: \w+)?(?::| (?:is|are)\b)",
        r"(?<=\w )(?:changed|moved)(?: again| too)?\b\s*(?:[:,;.]|$|btw|to\b)",
        r"\bmake (?:it|that) \d|^(?:renamed|moved|switched|migrated|replaced|upgraded|ported"
        r"|swapped)\b.{3,60}\b(?:to|from|with|by|for|off)\b",
    ),
    _cue(
        Kind.DECISION,
        3,
        r"\bwe(?:'ve| have)? (?:pinned|capped|limited|frozen|froze|locked|standardi[sz]ed|banned|forbade|adopted)\b",
        r"\b(?:we|i|they|team|\w+ and i)(?:'ve| have)? (?:finally |just |now )?(?:decided|agreed|settled|chosen?"
        r"|picked|opted|concluded|committed to)\b",
        r"\b(?:it was |been |was )(?:decided|agreed)\b|\bagreed (?:with|on|that)\b|\bdecisions?\b(?: \w+){0,5}\s*:"
        r"|\bfinal(?: decision| answer| call)?\s*:",
        r"\bin the end\b(?=.*\b(?:use|go|went|with|take|stay)\b)|\b(?:we|i) (?:go|went|stay|stick|port|switch"
        r"|move) (?:with|to|on|for)\b|\boff the table\b|\bafter all\b",
    ),
    _cue(
        Kind.REMEMBER,
        4,
        r"^(?:please |and |also |but )*remember(?:\s+(?:that|this|to|for|the|we|i|it|\w+ (?:is|are|for))\b|\s*:)",
        r"\bfor the (?:record|notes|future|log)\b|\bfor future (?:reference|sessions)\b|\bkeep in mind\b"
        r"|\bbear in mind\b",
        r"^(?:side ?)?notes?(?: to self| for (?:you|later|me))?\s*:|\bnote (?:that|down)\b|^fyi\b"
        r"|\bfor your info(?:rmation)?\b|\bheads[- ]up\b|\bpsa\b\s*:",
        r"\bjust so you know\b|\bso you know\b|\bput (?:it|that|this) in your (?:head|memory|notes)\b|\bdo(?:n'?t"
        r"| not) forget\b",
        r"\breminder(?: \w+){0,3}:|\bwrite (?:this|that|it) down\b|\bwriting (?:this|it) down\b|\bgood to know\b"
        r"|\bfact of life\b|\bimportant\s*:|\blesson learn\w+",
        r"\bone more (?:thing |rule )?(?:for|about)\b|\bmemori[sz]e\b|\bsave (?:this|that) (?:to|in) (?:memory"
        r"|your notes)\b",
    ),
    _cue(Kind.REMEMBER, 1, r"\bbtw\b|\bby the way\b|\bto be clear\b|\bcareful\b|\bbe aware\b"),
    _cue(
        Kind.CORRECTION,
        2,
        r"^(?:no|nope|nah|stop|wrong|wait)\b[,.! ]+(?!idea|problem|worries|need|thanks)\w|^actually\b"
        r"|\bcorrection\s*:|\bi meant\b",
        r"\b(?:like|as) i (?:said|told)\b|\bi (?:already )?(?:told|said) (?:you|that|it)\b|\bhow (?:often"
        r"|many times)\b",
        r"\byou (?:just |keep |always )?(?:used|using|imported|put|added|adding|wrote|writing|made|typed|called"
        r"|installed|named)\b.{0,60}\bagain\b|\byou keep \w+ing\b|\byou just (?:used|imported|installed|added)\b",
        r"\b(?:it'?s|thats?|that'?s|this is|they'?re) (?:called )?[\w`./-]+,? not\b"
        r"|\bisn'?t (?:called )?[\w`./-]+[,;] (?:it'?s|but)\b",
    ),
    _cue(
        Kind.REASON,
        1,
        r"\b(?:because|bc|cuz|since it|since we|so that|otherwise|therefore|due to|thanks to|for a reason"
        r"|on purpose)\b|\bthat'?s (?:why|when|how)\b",
        r"\b(?:cost|burnt|burned|bit|killed|hurt) (?:me|us)\b|\b(?:was|were|is|are|got) (?:too )?(?:worse|slow"
        r"|slower|hungry|late|expensive|flaky|a disaster|oom|broken by)\b",
        r",\s*(?:it|they|that|which|the \w+|someone|everyone) (?:\w+ )?(?:breaks?|hangs?|wrecks?|blocks?"
        r"|crash(?:es)?|kills?|burns?|gets?|takes?|fails?|reads?|runs?|is|are|has|clash(?:es)?|depends?|computes?"
        r"|sorts?)\b",
        r"\b(?:clash(?:ed|es)?|collid(?:ed|es)|conflicts?) with\b|\bwe had\b|\btried\b|\bhated\b",
    ),
    _cue(
        Kind.STATED,
        1,
        r"\b(?:is|are|'s|its|lives?|live|runs?|listens?|lands?|stays?|owns?|has|have|uses?|needs?|takes?|holds?"
        r"|accepts?|deploys?|serves?|stores?|sits?|points?|goes|go|costs?|expires?|starts?|ends?|belongs?|comes?"
        r"|contains?|supports?|requires?|expects?|sends?|returns?|reads?|writes?|speaks?|means|counts?|keeps?|ships?"
        r"|works (?:with|for|at|on)|handles?|manages?|maintains?|approves?|reviews?|signs?|pays?|reports? to"
        r"|depends?|rotates?|resets?|replicates?|targets?|talks? to|opens?|closes?|wants?|allows?|insists?|plays?"
        r"|weighs?|measures?|covers?|consists?|defaults?|maps?|mirrors?|syncs?|publishes|triggers?|emits?|says?"
        r"|delivers?|provides?|prefers|hates|insists|creates|builds|trains|drives|feeds|blocks|rejects|refuses"
        r"|ignores)\b",
    ),
    _cue(
        Kind.STATED,
        2,
        r"\b(?:is|are|it's|its) (?:called|named|known as|hosted|deployed|stored|pinned|fixed|hardcoded|hard-coded"
        r"|limited|capped|scheduled|owned|managed|maintained|excluded|generated|exported|based|written|kept|shared"
        r"|set|due|measured|built|licensed|mounted|exposed|restricted|reserved|mapped|wired|connected)\b",
        r"\b(?:listens? on|lives? (?:in|on|at|under)|owns|is owned by|belongs? to|deploys? (?:to|when|from|on|via)"
        r"|in charge of|responsible for|rolls? over|(?:is|are) in charge|due (?:on|by))\b",
    ),
    _cue(
        Kind.TOPIC,
        1,
        r"^in (?:this|our) (?:repo|repository|project|codebase|team|company)\b",
        r"^(?!https?:)[a-z][\w/'().@-]*(?: [\w/'().@+-]+){0,4}\s*: (?=\S)",
    ),
    _cue(
        Kind.FINDING,
        3,
        r"\bfound (?:it|the (?:cause|bug|problem|culprit|issue|reason)|something|out)\b|\broot cause\b|\bculprit\b"
        r"|\b(?:i|we) found (?:that|out)\b|\bi found\b.{0,40}\bthat\b",
        r"\b(?:turns|turned) out\b|\bit turn(?:s|ed) out\b|\bthe (?:actual |real |underlying )?(?:cause|reason|bug"
        r"|problem|trick|catch)(?: here)? (?:is|was|were|turned out)\b|\bthe fix was\b",
        r"\b(?:was|were|is|are) (?:caused|triggered) by\b|\bfixed by\b|\bthat (?:fixed|solved) it\b|\bwhat (?:fixed"
        r"|worked|helped|solved)\b|\b(?:only|finally) (?:works|worked) (?:with|when|after|if|once)\b"
        r"|\bwhich explains\b|\bthe trick (?:is|was)\b|\bonly happens (?:when|on|with|if)\b",
        r"\b(?:scan|test|trace|profil\w+|bisect|log|dump|measurement|benchmark)s? (?:finds?|found|shows?|showed"
        r"|points? to|says|reveals?)\b",
    ),
    _cue(
        Kind.HAPPENED,
        2,
        r"\b(?:outage|incident|downtime|post-?mortem|power (?:cut|outage|failure)|data loss|breach|leak(?:ed)?"
        r"|crash(?:ed)?|went down|was down|were down|fell over|burned down|flooded|double[- ]book\w*|corrupted"
        r"|ran out of|locked (?:us|me) out|lost (?:the|its|a|\d+|three|two|all|power)|was gone|wiped"
        r"|dropped the (?:table|database)|rate[- ]limited|evicted|expired|stuck|failed|died|overheated|deleted"
        r"|dropped|overwrote|overwritten|lost|leaked|burned|burnt|exploded|collapsed|stolen|missed|broke (?:the|my"
        r"|down|prod\w*)|rolled back|roll(?:ed)?-?back|got (?:hacked|banned|stolen|paged)|froze)\b",
        r"\b(?:released|shipped|launched|went live|goes live|is live|cut over|tagged|published|deployed|rolled out"
        r"|submitted|signed|upgraded|migrated|moved)\b",
    ),
    _cue(Kind.HAPPENED, 1, r"\b(?:was|were|got|had|went|took|came|began|started|stopped|said|[a-z]{3,}ed)\b"),
    _cue(
        Kind.DATED,
        1,
        r"\b(?:yesterday|last (?:night|week|month|weekend|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?|this morning"
        r"|\w+ (?:days?|weeks?|months?) ago)\b",
        r"\b(?:on|since) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bon the \d{1,2}(?:st|nd|rd|th)\b"
        r"|\b20\d\d-\d\d-\d\d\b",
        r"\b(?:on )?\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:january|february|march|april|may|june|july|august|september"
        r"|october|november|december)\b",
    ),
    _cue(
        Kind.TASK,
        4,
        r"^(?:and |so |also )?(?:to-?dos?|open(?: points?| items?)?|still (?:to do|open|missing|todo|left)"
        r"|left to do|remaining|next(?: up| time| session)|pending|for (?:tomorrow|next (?:time|week|session))"
        r"|later)(?: [\w ]{0,40})?\s*[:,](?!//)",
        r"\bstill (?:to do|to be done|needs? (?:to be )?\w+(?:ed|ing)|have to|has to|need to|missing|open)\b(?!\?)"
        r"|\b(?:isn'?t|aren'?t|not) (?:tested|started|done|finished|implemented|written|migrated|covered) yet\b"
        r"|\byet to be\b",
        r"\bnext up\b|\b(?:is|are|'s) (?:what'?s |all that'?s )?left\b|\bwhat'?s left\b|\bleft to do\b"
        r"|\bto-?do (?:that|for|list|is)\b|\bnot today\s*:|\b(?:someone|somebody|we|i) (?:still )?(?:needs?|have"
        r"|has) to\b.{0,160}\b(?:before|by|next week|next month|tomorrow|some ?time|at some point|mine)\b",
        r"\bremind me (?:to|that|about|tomorrow|next)\b|\b(?:tomorrow|next week|next time|next session"
        r"|on monday) (?:i|we)(?:'ll| will| have to| need to| should| want to) \w+",
        r"\bfollow-?ups?\s*:|\bbacklog\s*:|\bparked\s*:|\bpostponed\b|\b(?:that'?s|its|it'?s) (?:mine|yours"
        r"|for) (?:for )?(?:next|tomorrow|later)\b|\b(?:is|are) (?:still )?not (?:started|done|finished)\b",
    ),
    _cue(Kind.TASK, 2, r"\b(?:someone|somebody) (?:still )?(?:needs?|has|have) to\b"),
    _cue(
        Kind.EVERYWHERE,
        2,
        r"\b(?:in|for|across|on|to) (?:all|every|each|any)(?: of)? (?:my |our |the )?(?:\w+ )?(?:repos?"
        r"|repositor(?:y|ies)|projects?|codebases?|languages?|work)\b",
        r"\b(?:any|every) (?:repo|project)\b(?! (?:manager|member|file))|\bevery (?:repo|project) of mine\b|\b(?:all"
        r"|every) (?:of )?my (?:repos?|projects?)\b|\bnot (?:only|just) (?:this|here|in this)\b"
        r"|\bregardless of (?:the )?project\b|\bwherever i (?:am|work)\b|\bproject[- ]independent\b",
        r"^(?:\W*(?:ok|so|and|also)\W+)*everywhere\b[,:]|\bglobally\b[,:]|\bi(?:'m| am) (?:left-handed"
        r"|colou?r-?blind|dyslexic|deaf)\b|\babout me\s*:|\bin general,? (?:for me|with me|when (?:you )?work\w*)\b",
    ),
    _cue(
        # Set before what is to be done it is meant: "in all my projects, be brief".
        Kind.EVERYWHERE,
        3,
        r"^(?:\W*(?:ok|so|and|also|please|btw)\W+)*(?:in|for|across) (?:all|every|each|any)(?: of)?(?: (?:my|our|the"
        r"|your))? (?:repos?|repositor(?:y|ies)|projects?|codebases?)\b(?:(?: (?:of mine|i have|i work on))?\s*[,:])",
    ),
    _cue(
        Kind.AGAINST,
        -2,
        r"\b(?:right now|at the moment|for now|for the moment|this time|just this once|temporarily|currently (?:fail"
        r"|broken|down|work|try|look)\w*)\b",
        r"\b(?:the|this|that|your|a|one) (?:test|tests|build|error|bug|diff|log|logs|output|screen|page|line"
        r"|stack ?trace|warning|message|import|call|function|method|loop|patch|change|commit|pr|suggestion|plan|code"
        r"|file|snippet|result|type) (?:is|are|was|were|still|fails?|failed|looks?|says?|should|has|shows?|seems?"
        r"|does)\b",
        r"\b(?:still )?(?:fails|failing|broken|red|weird|strange|odd|confusing|empty|undefined|hanging"
        r"|spinning|complains?|complaining)\b",
        r"\b(?:seems?|feels?|sounds?|appears?)\b|\blooks? (?:like|as|ok|okay|good|fine|great|wrong|weird|odd|off"
        r"|better|worse|right|the same)\b",
        r"\bin this (?:function|file|method|class|test|component|module|line|loop|case|paragraph|sentence|section"
        r"|branch|pr|commit|view|screen|query|cell)\b",
        r"\b(?:we|i) end(?:ed)? up with\b|\bdoes the job\b|\bbut (?:it|this|that) should\b|\bi(?:'m| am) unable to\b"
        r"|\w\.[a-z]{1,4}:\d"
        r"|[,;] (?:so )?(?:remove|inline|split|rename|fix|delete|revert)\b",
        r"^the [\w-]+ (?:is|are) (?:too |very |really |so )?(?:slow|broken|wrong|ugly|flaky|off|missing)\b",
        r"\bwe can\b|\b(?:this|the) (?:session|chat|conversation|window|tab|terminal)\b|[,.] (?:polease|please"
        r"|pls) (?:also )?\w+",
        # The daily round: commits, merges and runs of the day are of the moment, whatever day that is.
        r"^(?:(?:i|we)(?:'ve| have)? )?(?:just |already )?(?:merged|pushed|committed|rebased|pulled|stashed|reran"
        r"|re-ran|restarted|rebuilt|squashed|cherry-picked|checked out|cloned)\b",
        r"\bstill (?:thinks|fails|shows|see|getting|get|says|happens|wrong)\b|\b(?:i|we) (?:see|get|got) (?:a|an|the"
        r"|this|that)\b|\bgetting (?:a|an|the|this|these)\b",
        r"\blol\b|\blmao\b|\brofl\b|\bhaha\w*|\bjk\b|\(joke\)|😂|🤣|;-?\)",
    ),
    _cue(
        Kind.AGAINST,
        -3,
        r"\b(?:i think|i guess|i suppose|i believe|i assume|probably|perhaps|maybe|might|not sure|no idea|afaik|iirc"
        r"|apparently|presumably|possibly|hopefully|i hope|i wonder|could be|would be|i doubt|not certain|unclear"
        r"|dunno|who knows)\b",
        r"\b(?:i|we)(?:'d| would| could)\b(?! (?:rather|prefer|like (?:you|the|all|every|each|our|my))\b)"
        r"|\bwould (?:have|need|make|take|work|cost|like|love)\b",
        # Names of steps and cases in an example: "session A: …", "expected: …".
        r"^(?:session|case|scenario|step|example|phase|option|variant|input|output|expected|actual|given|when|then)"
        r"(?: [a-z0-9]{1,2})?\s*:",
        r"\[?\bredacted\b|<redacted|\*{4,}|█{2,}|•{4,}|\[(?:secret|hidden|removed|masked)[^\]]*\]",
        r"\b(?:password|passphrase|passwort|secret|api[- ]?key|token|pin)(?: (?:for|of) [\w -]{1,30})? (?:is"
        r"|was)(?! (?:in|at|with|kept|stored|under|on)\b)\b",
    ),
    _cue(
        Kind.AGAINST,
        -2,
        r"^(?:\W*(?:ok|so|and|but|yes|now|well|right|hi|hey|morning)\W+)*(?:i(?:'m| am| was|'ll| will| had (?:a|to)"
        r"|'ve been| have been| have(?! to\b)| see| saw| got| tried| ran| looked| worked| spent| need"
        r"| want (?:you(?! to (?:always|never|ask|check))"
        r"|to)| just| know| mean| feel| hate| love)|we(?:'ll| will| see| saw| got| tried| ran| looked| worked| spent"
        r"| need| want (?:you|to)| just| know| end up| were trying))\b",
    ),
)
