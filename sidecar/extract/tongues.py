"""Standing orders, corrections and requests to remember in other languages than English, as `patterns` has them.

Each entry is a way of talking that every learner of the language meets in the first year: always, never, from now on,
please use, do not, instead of, remember that, in all my projects.  The weights are those of `patterns`.
"""

from __future__ import annotations

from sidecar.expressions import regex
from sidecar.extract.patterns import Cue, Kind

_STANDING = (
    # German, Dutch
    r"\b(?:immer|niemals|nie|stets|grundsätzlich|jedes mal|ausnahmslos)\b(?!\s+(?:noch|wieder|mehr als|zuvor))",
    r"\b(?:ab|von) (?:jetzt|sofort|heute|nun)(?: an)?\b|\bin zukunft\b|\bkünftig\b|\bauf keinen fall\b"
    r"|\bstandardmäßig\b",
    r"\b(?:altijd|nooit|vanaf nu|voortaan|in het vervolg|standaard)\b(?!\s+(?:nog|weer))",
    # Spanish, Portuguese, Italian, French
    r"\b(?:siempre|nunca|jamás|a partir de (?:ahora|hoy)|de ahora en adelante|en adelante|por defecto)\b",
    r"\b(?:sempre|jamais|a partir de agora|de agora em diante|daqui (?:em diante|pra frente)|por padrão)\b",
    r"\b(?:mai|d'ora in (?:poi|avanti)|da (?:ora|adesso) in (?:poi|avanti)|in futuro)\b(?=.*\b(?:usa\w*|non|scriv\w*"
    r"|fa\w*|per favore|sempre|mett\w*|modific\w*|cancell\w*|aggiung\w*|esegu\w*)\b)",
    r"\b(?:toujours|dorénavant|désormais|à partir de maintenant|à l'avenir|par défaut)\b"
    r"|\bn[e'] ?\w+(?:[ -]\w+)? jamais\b",
    # Polish, Czech, Russian, Ukrainian, Turkish
    r"\b(?:zawsze|nigdy|od teraz|od tej pory|domyślnie)\b|\b(?:vždy|nikdy|odteď|od teď)\b",
    r"\b(?:всегда|никогда|отныне|впредь|с этого момента|по умолчанию|завжди|ніколи|відтепер|надалі)\b",
    r"\b(?:her zaman|daima|asla|bundan (?:sonra|böyle)|hiçbir zaman)\b",
    # Japanese, Korean, Chinese
    r"必ず|常に|いつも(?=.*(?:ください|下さい|して|使|書))|絶対に|今後は?|これから(?:は|、)|原則として|(?:しないで"
    r"|ないで)(?:ください|下さい|ほしい)"
    r"|(?:して|しては|ては)(?:いけません|いけない|ならない|だめ)|(?:禁止|厳禁)",
    r"항상|언제나|반드시|절대(?:로)?|앞으로(?:는)?|이제부터|(?:하지|지) (?:마세요|마|말아|말 것)|금지",
    r"(?:总是|總是|始终|始終|永远|永遠|一律|务必|務必|从不|從不|从今以后|從今以後|从现在(?:开始|起)|從現在(?:開始|起)"
    r"|今后|今後|以后|以後|禁止|严禁|嚴禁"
    r"|一直(?=用|使))|(?:请|請)?(?:不要|别|別|不得|切勿|不准)(?!忘|担心|擔心|紧|緊|客气|客氣|着急)",
)
"""Holds beyond the task."""

_DIRECTIVE = (
    r"(?:^|[,;:.!] |\bund |\bbitte )(?:verwende|benutze?|nutze?|nimm|schreib\w*|vermeide|bevorzuge|lass|halte?|mach"
    r"|lösche"
    r"|ändere|fasse?|füge?|achte)\b.{0,60}\b(?:kein\w*|nicht|statt|anstatt|nur|ausschließlich|alle|jede\w*|lieber|stets"
    r"|bitte)\b",
    r"\b(?:ich (?:bevorzuge|möchte|hätte gern\w*|will)|wir (?:verwenden|benutzen|nutzen|schreiben|arbeiten mit))\b"
    r"|\bbitte (?:nur|kein\w*|nicht|alle|jede\w*|nie)\b|\b(?:muss|müssen|darf|dürfen|soll"
    r"|sollen) (?:\w+ ){0,6}?(?:nicht"
    r"|kein\w*|immer|nur|sein|werden|haben)\b",
    r"\b(?:prefiero|preferimos|usamos|no (?:uses|pongas|hagas|añadas|toques|escribas|borres|modifiques|cambies)"
    r"|en (?:vez|lugar"
    r") de|evita|solo usa)\b",
    r"\b(?:prefiro|preferimos|usamos|não (?:use|usa|faça|coloque|adicione|mexa|escreva|apague|altere|mude)|em vez de"
    r"|evite)\b",
    r"\b(?:preferisco|preferiamo|usiamo|non (?:usare|mettere|aggiungere|toccare|scrivere|cancellare|modificare)"
    r"|invece di|evita)\b",
    r"\b(?:je préfère|nous (?:utilisons|préférons)|on utilise|au lieu de|plutôt que|évite[zr]?)\b"
    r"|\bn[e'] ?\w+(?:[ -]\w+)? "
    r"(?:pas|plus|aucun\w*)\b",
    r"\b(?:używaj|używamy|wolę|nie (?:używaj|dodawaj|zmieniaj|usuwaj|pisz)|zamiast|unikaj)\b",
    r"\b(?:используй(?:те)?|пиши(?:те)?|предпочитаю|мы используем|вместо|не (?:используй|добавляй|меняй|удаляй|пиши"
    r"|трогай)(?:те)?"
    r"|избегай(?:те)?)\b",
    r"\b(?:gebruik|liever|geen|vermijd|in plaats van|wij gebruiken|we gebruiken)\b.{0,60}\b(?:geen|niet|in plaats"
    r"|altijd|alleen|voor)\b",
    r"(?:を使って|で書いて|にして|を使用して|でお願い)(?:ください|下さい|ほしい|します)|の代わりに|(?:べき"
    r"|こと)(?:です|。|$)|を使います",
    r"(?:사용|작성|써|해|말해)(?: ?주세요|주십시오|줘)|대신(?:에)?|선호합니다|을 씁니다|를 씁니다",
    r"(?:请|請)(?:用|使用|只|把|将|將|先|保持)|(?:而不是|代替|优先|優先|我们用|我們用|我们使用|我們使用|我喜欢用"
    r"|我喜歡用|必须|必須|应该|應該)",
)
"""How something is to be done; alone it is not enough, as of the moment it may be a request."""

_REMEMBER = (
    r"\bmerk(?:e)? dir\b|\bdenk daran\b|\bzur (?:info|kenntnis)\b|\bvergiss nicht\b|\bonthoud\b|\bvergeet niet\b",
    r"\brecuerda\b(?: que)?|\bten en cuenta\b|\bno olvides\b|\blembre-?se\b|\btenha em mente\b|\bricorda(?:ti)?\b"
    r"|\btieni (?:presente|a mente)\b|\bsouviens-toi\b|\bretiens\b|\bn'oublie pas\b|\bgarde en tête\b",
    r"\bzapamiętaj\b|\bpamiętaj\b|\bзапомни(?:те)?\b|\bимей(?:те)? в виду\b|\bне забудь(?:те)?\b|\bunutma\b"
    r"|\baklında tut\b",
    r"覚えておいて|覚えて(?:ください|ほしい)|忘れないで|기억해|잊지 마|记住|記住|记得|記得|别忘|別忘",
)
"""Asked to be kept."""

_EVERYWHERE = (
    r"\b(?:in|für|bei) (?:allen?|jede[mns]?)(?: meine[nr]?| unsere[nr]?)? (?:projekt\w*|repos?\w*)|\büberall\b",
    r"\b(?:en|para) (?:todos|cada uno de)(?: (?:mis|nuestros|los))? (?:proyectos|repos\w*)"
    r"|\bem todos os (?:meus )?projetos"
    r"|\bin tutti i (?:miei )?progetti|\bdans tous (?:mes|nos|les) (?:projets|dépôts)|\bin al (?:mijn|onze) projecten",
    r"\bwe wszystkich (?:moich )?projektach|\bво всех (?:моих )?проектах|\bу всіх (?:моїх )?проєктах"
    r"|\btüm projelerim\w*",
    r"(?:すべて|全て|全部)のプロジェクト|どのプロジェクト|모든 프로젝트|(?:所有|每个|每個|全部)(?:的)?(?:项目|項目"
    r"|專案)",
)
"""Said of all projects."""

CUES = tuple(
    Cue(kind, weight, tuple(regex(pattern) for pattern in patterns))
    for kind, weight, patterns in (
        (Kind.STANDING, 3, _STANDING),
        (Kind.DIRECTIVE, 2, _DIRECTIVE),
        (Kind.REMEMBER, 4, _REMEMBER),
        (Kind.EVERYWHERE, 3, _EVERYWHERE),
    )
)
"""What `patterns.CUES` has for English, for a text that is `foreign`."""

_ASKS = regex(
    r"[?？]\s*$|^¿|^(?:was|wie|wo|wer|warum|wann|welche\w*|qué|cómo|dónde|por qué|cuándo|que|comment|où|pourquoi|quand"
    r"|come"
    r"|dove|perché|quando|как|что|где|почему|когда)\b(?!.*[.!]$)|(?:ですか|ますか|でしょうか)[。？?]?$|(?:吗|嗎"
    r"|呢)[？?。]?$|(?:까요|나요)[?？]?$"
)
"""A question in some of these languages."""

_OTHERS = regex(
    r"[¿¡ßäöüéèêàçñãõøåæœłśżźčřšž\u0370-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|\b(?:der|die|das|und|nicht|bitte|mit|immer|nie|wir|ich|el|los|las|que|por|con|siempre|nunca|usa|le|les|des|est"
    r"|pas|une"
    r"|toujours|il|della|nel|sempre|non|per|uso|os|uma|em|het|een|niet|altijd|nooit|zawsze|nie|nigdy|asla)\b"
)


def foreign(lower: str) -> bool:
    """Whether a lower-cased text may be in another language than English, so that these cues are looked for."""
    return _OTHERS.search(lower) is not None


def asks(lower: str) -> bool:
    """Whether a lower-cased text is a question in one of these languages."""
    return foreign(lower) and _ASKS.search(lower) is not None
