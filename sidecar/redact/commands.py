"""Which commands print secrets, judged by the command line alone.

A reader (`cat`, `head`, `jq`, a file viewer of an agent) prints secrets when the file has a secret-like name; a printer
(`env`, `gh auth token`, `openssl rand`) always does.
"""

from __future__ import annotations

import enum
import functools
import re
import shlex

from sidecar.expressions import regex


class Output(enum.Enum):
    """What a command prints."""

    ORDINARY = "ordinary"
    SECRETS = "secrets"
    """Every value is a secret, and so is a line that has no name in front."""
    ENVIRONMENTS = "environments"
    """A description with environments in it (`docker inspect`): the values of `"NAME=value"` strings are secrets."""


_READERS = frozenset(
    """cat head tail less more most bat batcat type nl tac strings sed awk gawk mawk grep egrep fgrep rg ag ack zgrep
    zcat
    cut jq yq gojq dasel xq xxd hexdump od base64 base32 sort uniq column fold rev iconv dos2unix view get-content gc
    select-string findstr diff sdiff colordiff git read read_file readfile view_file open_file write write_file edit
    multiedit create_file str_replace str_replace_editor apply_patch notebookread tee tr paste pr fmt expand envsubst
    plutil ccat mdcat print vim-print dd gpg gpg2 age rage sops ssh-keygen keytool pbpaste xclip""".split()
)
_FILE_TOOLS = regex(
    r"(?i)^(?:read|view|write(?!_?stdin)|edit|multi_?edit|open|create|cat|str_replace|apply_patch|replace|notebook)"
)
_QUIET = frozenset(
    "wc sha1sum sha256sum sha512sum sha224sum md5sum md5 b2sum cksum shasum cmp true ls stat file du chmod".split()
)
_WRAPPERS = frozenset(
    """sudo doas command builtin exec time nice nohup stdbuf env timeout xargs watch then do else if ! { (
    bash sh zsh""".split()
)

_PRINTERS = regex(
    r"""(?xi) ^ (?:
      (?:env|printenv|compgen[ ]-v|export(?:[ ]-p)?|declare[ ]-[px]\w*|typeset[ ]-x|set|gci[ ]env:\S*|dir[ ]env:\S*
        |get-childitem[ ]env:\S*|ls[ ]env:\S*) (?:[ ]-[0u]\b\S*)* $
    | printenv[ ]\S+ | (?:echo|printf)[ ] .* \$\{?\w*(?:PASS|PWD|SECRET|TOKEN|KEY|CRED|DSN)\w* (?<!\$PWD)
    | gh[ ]auth[ ](?:token|status[ ].*(?:-t|--show-token)) | glab[ ](?:auth[ ]status[ ].*-t|config[ ]get[ ]token)
    | (?:pass|gopass|passage)(?:[ ](?:show|-c|--clip|generate)[ ].* | [ ](?!ls|list|git|insert|init|rm|mv|cp|find|grep
    |edit|help|version)[\w./@-]+) $
    | op[ ](?:read|item[ ]get|inject) .* | bw[ ](?:get|unlock|list|generate).* | lpass[ ]show.* | rbw[ ]get.*
    | dcli[ ].*
    | keepassxc-cli[ ](?:show|clip|generate|diceware).* | secret-tool[ ]lookup.* | security[ ]find-\w+-password.*-w.*
    | (?:vault|bao)[ ](?:kv[ ]get|read|print[ ]token|token[ ](?:create|lookup)|unwrap|write|operator[ ](?:init
    |generate-root)).*
    | sops[ ](?:.*(?:-d|--decrypt|decrypt)\b.*|exec-env.*|[\w./-]+) | (?:age|rage)[ ].*(?:-d|--decrypt).* | age-keygen.*
    | gpg2?[ ].*(?:-d|--decrypt|--export-secret).* | ansible-vault[ ](?:view|decrypt).* | git-crypt[ ]export-key.*
    | openssl[ ](?:rand|genrsa|genpkey|passwd|rsa|ec|pkey|pkcs8|pkcs12|ecparam)\b(?!.*-pubout).*
    | (?:pwgen|apg|makepasswd|mkpasswd|xkcdpass|diceware|pwqgen|spg|genpass)\b.* | htpasswd[ ]-\w*n\w*.*
    | wg[ ](?:genkey|genpsk|showconf|show[ ]\S+[ ](?:private-key|preshared-keys|dump)).* | minisign[ ]-G.*
    | (?:head|dd|tr|xxd|od|base64|hexdump)[ ].*/dev/u?random.* | .*\bsecrets\.(?:token_\w+|choice|randbelow).*
    | .*(?:crypto\.random(?:Bytes|UUID)|get_random_secret_key|Fernet\.generate_key|SecureRandom\.\w+).*
    | aws[ ](?:configure[ ](?:get|export-credentials|list)|secretsmanager[ ]get-(?:secret-value|random-password)
        |ssm[ ]get-parameter.*--with-decryption|sts[ ](?:get-session-token|assume-role)|iam[ ]create-(?:access-key
        |login-profile)
        |ecr(?:-public)?[ ]get-login-password|codeartifact[ ]get-authorization-token|configure$).*
    | gcloud[ ](?:auth[ ](?:application-default[ ])?print-|secrets[ ]versions[ ]access
    |iam[ ]service-accounts[ ]keys[ ]create).*
    | az[ ](?:account[ ]get-access-token|keyvault[ ]secret[ ]show|.*(?:keys?|credentials?)[ ](?:list|show|renew)
    |ad[ ]sp[ ]create).*
    | (?:kubectl|oc|k|k3s[ ]kubectl
    |microk8s[ ]kubectl)[ ](?:.*[ ])?get[ ](?:-\S+[ ]+(?:\S+[ ])?)*secrets?(?:[/ ].*)?(?:-o|--output|-ojson|-oyaml).*
    | (?:kubectl|oc)[ ](?:.*[ ])?(?:config[ ]view[ ].*--raw|create[ ]token|whoami[ ]-t).* | kubeseal.*--recovery.*
    | (?:docker|podman|nerdctl|kubectl|oc|docker-compose|docker[ ]compose|ssh|fly|flyctl|heroku|lxc|incus|nsenter
    |toolbox|distrobox)[ ].*[ ](?:env|printenv(?:[ ]\S+)?|export[ ]-p)["']?$
    | (?:docker[ ]compose|docker-compose|podman-compose)[ ](?:.*[ ])?config\b.*
    | heroku[ ](?:config|auth:token).* | (?:fly|flyctl)[ ](?:auth[ ]token|tokens[ ]create).* | railway[ ]variables.*
    | vercel[ ]env[ ](?:pull|ls).* | doppler[ ](?:secrets|run.*env).* | infisical[ ](?:secrets|export|run).*
    | chamber[ ](?:export|read|env).*
    | terraform[ ](?:output|show|state[ ](?:pull|show)).* | tofu[ ](?:output|show|state[ ](?:pull|show)).*
    | pulumi[ ](?:config[ ].*(?:get|show-secrets)|stack[ ]output[ ].*--show-secrets).*
    | git[ ]credential.* | docker-credential-\S+[ ]get.* | npm[ ](?:token|config[ ](?:get|ls|list)).*
    | supabase[ ]status.*
    | rails[ ](?:secret|credentials:(?:show|edit)).* | bin/rails[ ](?:secret|credentials:(?:show|edit)).*
    | php[ ]artisan[ ]key:generate.*
    | nmcli[ ].*(?:-s|--show-secrets)\b.* | (?:stripe|snyk|netlify|cargo)[ ]config.*--list.* | snap[ ]get.*
    | wrangler[ ]auth.*
    ) $"""
)
_ENVIRONMENTS = regex(
    r"(?i)^(?:docker|podman|nerdctl)\b.*\binspect\b|^kubectl\b.*\b(?:get\s.*(?:-o|--output)[ =]?\w*(?:yaml|json)"
    r"|describe)\b|^(?:systemctl\s+show|ps\s+\S*e\S*ww?)\b"
)
_PUBLIC = regex(
    r"(?i)(?:\.pub|\.crt|\.cer|\.csr|\.md|\.rst|\.html?|\.adoc|^design[._-]tokens.*|[._-](?:example|sample|template|dist|defaults?|schema|tpl|tmpl)(?:\.\w+)?)$"
)
_SOURCE = regex(
    r"(?i)\.(?:py|pyi|[cm]?[jt]sx?|go|rs|java|kts?|rb|c|h|cc|cpp|hpp|cs|php|swift|scala|sh|bash|zsh|fish|ps1|vue|svelte|css|scss|sql|lua|ex|exs|erl|hs|ml|clj|r|jl|dart|proto|graphql|test|spec|snap|lock|log|svg|png|jpg|patch|diff)$"
)
_NAMED = regex(
    r"""(?xi) ^ (?:
      \.env(?:rc)?(?:[._-].*)? | [\w.-]*\.env(?:\.\w+)? | \.?dev\.vars | env\.(?:sh|local|prod|production) | environ
    | \.?credentials?(?:\..*)? | .*[._-]?credentials?(?:[._-].*)? | \.?creds(?:\..*)? | .*[._-]creds?(?:\..*)?
    | id_(?:rsa|dsa|ecdsa|ed25519|xmss)\w* | .*\.(?:pem|key|p12|pfx|jks|keystore|kdbx?|ppk|asc|ovpn|tfvars|tfstate|gpg
    |age|secret|secrets|token|pass|passwd|agekey)(?:\.\w+)?
    | .*secrets?(?:[._-].*)? | \.?[\w.-]*secrets?[\w-]*(?:\.\w+)? | [._]netrc | \.pgpass | \.my\.cnf | \.mylogin\.cnf
    | \.?ht(?:passwd|digest).* | g?shadow-? | kubeconfig.*
    | .*kubeconfig(?:\..*)? | .*vault.* | wp-config\.php | \.npmrc | \.yarnrc(?:\.yml)? | \.pypirc | \.dockercfg
    | \.git-credentials | \.boto | \.s3cfg | rclone\.conf
    | \.?(?:.*[._-])?(?:tokens?|passwords?|passwds?|passphrases?|passcodes?|pw|pwd|apikeys?|api[._-]keys?|keys?
    |privkey|keyfile|psk|pin)(?:[._-](?:prod|dev|staging|local|txt|old|bak))*(?:\.(?:txt|json|ya?ml|toml|ini|cfg|conf|dat|bak|enc|dec|csv))?
    | master\.key | service[._-]?account.*\.json | auth\.json | hosts\.yml | wg\d*\.conf | .*recovery[._-]codes.*
    | .*backup[._-]codes.* | local\.settings\.json
    | wpa_supplicant.*\.conf | .*\.nmconnection | cookies?(?:\.\w+)? | \.erlang\.cookie | \.vault-token | \.?lpass.*
    | chap-secrets | pap-secrets | sasl_passwd.*
    ) $"""
)
_PLACED = regex(
    r"""(?xi) (?:^|/) (?: \.aws/(?:credentials|config) | \.ssh/(?!config$|known_hosts|authorized_keys|.*\.pub$)[^/]+
    | \.gnupg/.+ | \.kube/config
    | \.docker/config\.json | run/secrets/.+ | proc/\w+/environ | etc/(?:gshadow|shadow|ppp/.*secrets|wireguard/.+)
    | secrets?/[^/]+ | \.?vault/[^/]+
    | \.config/(?:gh/hosts\.yml|rclone/rclone\.conf|sops/.+|age/.+) | \.password-store/.+ | \.cargo/credentials.*
    | \.gem/credentials | \.config/gcloud/.+ ) $"""
)
_NOT_SECRET = frozenset(
    [
        "/etc/passwd",
        "passwd",
        "known_hosts",
        "authorized_keys",
        "package.json",
        "keys",
        "key",
        "vault",
        "secrets",
        "secret",
    ]
)
_SPLIT = regex(r"\|\||&&|[|;\n]|(?<!>)&(?!>)")
_PREFIX = regex(r"^(?:[A-Z_][A-Z0-9_]*=(?:\"[^\"]*\"|'[^']*'|\S*)\s+)+")
_REDIRECTED = regex(r"(?<![0-9&])>{1,2}\s*(?!&|/dev/(?:stdout|stderr|tty))\S+\s*$")
_PATCH_BEGIN = "*** Begin Patch"
_PATCH_END = "*** End Patch"
_PATCHED = regex(r"(?m)^\*\*\* (?:Add|Update|Delete) File: (\S+)")
_NAMES_ALONE = regex(
    r"""cut\s+(?=.*-d\s*["']?=)(?=.*-f\s*1(?![\d,-]))|g?awk\s+-F\s*["']?=["']?\s+["']\{\s*print \$1\s*\}["']\s*$"""
    r"""|sed\s+(?:-[Ee]\s+)?["']?s(?P<s>[/|,])=\.\*\$?(?P=s)=?(?P=s)["']?\s*$"""
)
"""Of `NAME=value` lets the name through alone."""
_LIMIT = 4000
_PLAIN = regex(r"[\t\n\r !#-&(-\[\]-~]*")
"""ASCII without quotes and backslashes: `shlex`, which looks at one character after the other, would cut it no
otherwise than at its blanks."""


def of_tool(name: str, command: str) -> str:
    """The command line that stands for a tool call: the command itself, or `read <path>` for one that opens files.

    Of a patch the files count that it names, not the words of its lines.
    """
    if _PATCH_BEGIN in command:
        before, _, patch = command.partition(_PATCH_BEGIN)
        behind = patch.partition(_PATCH_END)[2]
        return "\n".join([before, " ".join(["read", *_PATCHED.findall(patch)]), behind])
    return f"read {command}" if command and _FILE_TOOLS.match(name) else command


@functools.lru_cache(maxsize=1024)
def output(command: str) -> Output:
    """What the command prints; of a pipeline or a list of commands, the most secret part counts."""
    found = Output.ORDINARY
    for pipeline in re.split(r"\|\||&&|[;\n]", command[:_LIMIT]):
        stages = [stage for part in pipeline.split("|") if (stage := _bare(part))]
        if not stages or stages[-1].split()[0].rsplit("/", 1)[-1] in _QUIET or _silent(stages[-1]):
            continue
        if any(_NAMES_ALONE.match(stage) for stage in stages[1:]):
            continue
        kinds = {_stage(stage) for stage in stages}
        if Output.SECRETS in kinds:
            return Output.SECRETS
        if Output.ENVIRONMENTS in kinds:
            found = Output.ENVIRONMENTS
    return found


def is_secret_file(path: str) -> bool:
    """Whether a file of that name is there to hold secrets; source code, templates and public keys are not."""
    path = path.strip("\"'`,:;(){}[]<>").replace("\\", "/")
    base = path.rsplit("/", 1)[-1]
    if not base or base == "wp-config.php":
        return bool(base)
    if (base.lower() in _NOT_SECRET and not _PLACED.search(path)) or path.endswith("/etc/passwd"):
        return False
    if _PUBLIC.search(base) or _SOURCE.search(base):
        return False
    return bool(_NAMED.match(base) or _PLACED.search(path))


def _bare(part: str) -> str:
    """One command of a pipeline without variables, redirection of errors and wrappers in front of it."""
    part = re.sub(r"\s*2>(?:&1|/dev/null)\s*", " ", part).strip().strip("()`").strip()
    part = _PREFIX.sub("", part)
    while part:
        head, _, rest = part.partition(" ")
        if not (head in _WRAPPERS and rest.strip()) or (
            head in ("bash", "sh", "zsh", "env") and rest.lstrip().startswith("-") and "c " not in rest[:6]
        ):
            break
        part = re.sub(r"^(?:-\w*[cE]?\s+|\d+[smh]?\s+|-[un]\s*\S+\s+)+", "", rest.strip()).lstrip("\"'")
        part = _PREFIX.sub("", part)
    return part.strip()


def _silent(stage: str) -> bool:
    """A last stage that lets nothing through: its output goes to a file, or it only counts or tests."""
    if _REDIRECTED.search(stage):
        return True
    return bool(re.match(r"(?:grep|rg|egrep)\s+(?:\S+\s+)*?-\w*[cqlL]", stage))


def _stage(stage: str) -> Output:
    words = _words(stage)
    program = words[0].rsplit("/", 1)[-1].lower() if words else ""
    line = " ".join([program, *words[1:]])
    if _PRINTERS.match(line):
        return Output.SECRETS
    if _ENVIRONMENTS.match(line):
        return Output.ENVIRONMENTS
    if program == "git":
        return Output.SECRETS if _git_prints(words) else Output.ORDINARY
    if program in _READERS:
        return Output.SECRETS if any(is_secret_file(word) for word in _operands(program, words)) else Output.ORDINARY
    return Output.SECRETS if len(words) == 1 and "/" in stage and is_secret_file(stage) else _nested(program, words)


def _nested(program: str, words: list[str]) -> Output:
    """A command inside of another one: over ssh, in a container."""
    if program in (
        "ssh",
        "docker",
        "podman",
        "kubectl",
        "oc",
        "adb",
        "vagrant",
        "lxc",
        "incus",
        "nix-shell",
        "su",
        "wsl",
    ):
        for index in range(1, len(words)):
            inner = words[index].split()
            if inner and inner[0].rsplit("/", 1)[-1] in _READERS:
                rest = [*inner, *words[index + 1 :]]
                return Output.SECRETS if any(is_secret_file(word) for word in rest[1:]) else Output.ORDINARY
    return Output.ORDINARY


def _git_prints(words: list[str]) -> bool:
    """`git show HEAD:.env`, `git diff .env`; not `git add .env`."""
    if len(words) < 3 or words[1] not in ("show", "diff", "log", "cat-file", "grep", "blame", "stash"):
        return False
    return any(is_secret_file(word.rsplit(":", 1)[-1]) for word in words[2:])


def _operands(program: str, words: list[str]) -> list[str]:
    """The arguments that may be files; of a search, not the pattern searched for."""
    operands = [word for word in words[1:] if not word.startswith("-")]
    if program in ("grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk", "jq", "yq", "zgrep"):
        return operands[1:] or []
    pieces = [piece for word in operands for piece in re.split(r"[\s\"'=,]+", word)]
    return [piece.lstrip("<") for piece in pieces if piece]


def _words(stage: str) -> list[str]:
    if _PLAIN.fullmatch(stage):
        return stage.split()
    try:
        return shlex.split(stage)
    except ValueError:
        return stage.split()
