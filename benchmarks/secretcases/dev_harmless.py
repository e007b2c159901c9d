"""Harmless look-alikes, the half for development."""

import hashlib

from benchmarks.secretcases.made import Harmless, Maker, harmless


def cases() -> list[Harmless]:
    """All of this half."""
    return [*_ids(), *_digests(), *_data(), *_placeholders(), *_code(), *_config(), *_talk(), *_output()]


def _ids() -> list[Harmless]:
    m = Maker("dev ids")
    form = "identifier"
    return [
        harmless(form, "UUID", f"request {m.uuid()} took 40 ms"),
        harmless(form, "UUID in a URL", f"https://app.example/orders/{m.uuid()}/edit"),
        harmless(form, "ULID", f"id: 01M7WT{m.upper(20).replace('I', 'J')}"),
        harmless(form, "session id of an agent", f"session_id={m.uuid()} resumed"),
        harmless(form, "AWS instance", f"i-0{m.hexes(16)} is running in subnet-{m.hexes(17)}"),
        harmless(form, "AWS ARN", f"arn:aws:iam::{m.digits(12)}:role/deploy-{m.alnum(12)}"),
        harmless(form, "Terraform id", f"aws_security_group.web: Creation complete after 2s [id=sg-{m.hexes(17)}]"),
        harmless(form, "Kubernetes pod", f"web-{m.hexes(9)}-{m.lower(5)} 1/1 Running"),
        harmless(form, "Stripe object", f"customer cus_{m.alnum(14)} has invoice in_{m.alnum(24)}"),
        harmless(form, "tool call id", f"toolu_01{m.alnum(22)} returned no error"),
        harmless(form, "MongoDB object id", f"ObjectId('{m.hexes(24)}')"),
        harmless(form, "trace id", f"traceparent: 00-{m.hexes(32)}-{m.hexes(16)}-01"),
        harmless(form, "YouTube", f"https://www.youtube.com/watch?v={m.url64(11)}"),
        harmless(form, "Google doc", f"https://docs.google.com/document/d/1{m.url64(43)}/edit"),
        harmless(form, "MAC and IPv6", "eth0 02:42:ac:11:00:02 fe80::42:acff:fe11:2/64"),
        harmless(form, "bundle hash in a name", f"dist/assets/index-{m.alnum(8)}.js 142.3 kB"),
    ]


def _digests() -> list[Harmless]:
    m = Maker("dev digests")
    form = "digest"
    return [
        harmless(form, "git commit", f"commit {m.sha(hashlib.sha1)}\nAuthor: Bo <bo@example.org>"),
        harmless(form, "short commits", f"{m.hexes(7)} Fix the build\n{m.hexes(7)} Add a test", "git log --oneline"),
        harmless(form, "sha256sum", f"{m.sha()}  release.tar.gz", "sha256sum release.tar.gz"),
        harmless(form, "docker digest", f"FROM python:3.12-slim@sha256:{m.sha()}"),
        harmless(form, "docker image id", f"Successfully built {m.hexes(12)}"),
        harmless(form, "npm integrity", f'"integrity": "sha512-{m.b64(64)}"'),
        harmless(
            form,
            "yarn lock",
            f'  integrity sha512-{m.b64(64)}\n  resolved "https://r.example/a-1.2.3.tgz#{m.hexes(40)}"',
        ),
        harmless(form, "pip hash", f"requests==2.32.3 \\\n    --hash=sha256:{m.sha()}"),
        harmless(form, "Cargo.lock", f'checksum = "{m.sha()}"'),
        harmless(form, "go.sum", f"golang.example/x/net v0.30.0 h1:{m.b64(32)}"),
        harmless(form, "md5 in a log", f'etag: "{m.sha(hashlib.md5)}"'),
        harmless(form, "subresource integrity", f'<script src="a.js" integrity="sha384-{m.b64(48)}"></script>'),
        harmless(form, "nix hash", f'sha256 = "sha256-{m.b64(32)}";'),
        harmless(form, "cache key", f"Cache restored from key: Linux-node-{m.sha()}"),
        harmless(form, "ssh fingerprint", f"256 SHA256:{m.b64(32).rstrip('=')} ines@laptop (ED25519)"),
        harmless(form, "git blob line", f"index {m.hexes(7)}..{m.hexes(7)} 100644"),
        harmless(form, "git tree", f"100644 blob {m.hexes(40)}\tREADME.md", "git ls-tree HEAD"),
    ]


def _data() -> list[Harmless]:
    m = Maker("dev data")
    form = "data"
    pairs = " ".join(f"{m.hexes(4)}" for _ in range(8))
    return [
        harmless(form, "base64 image", f"![logo](data:image/png;base64,iVBORw0KGgo{m.b64(400)})"),
        harmless(form, "base64 font in CSS", f"src: url(data:font/woff2;base64,d09GMg{m.b64(300)}) format('woff2');"),
        harmless(form, "hex dump", f"00000000: {pairs}  ....", "xxd a.bin | head -1"),
        harmless(form, "public key", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{m.alnum(43)} ines@laptop"),
        harmless(
            form, "certificate", f"-----BEGIN CERTIFICATE-----\n{m.b64(48)}\n{m.b64(48)}\n-----END CERTIFICATE-----"
        ),
        harmless(form, "source map", f"//# sourceMappingURL=data:application/json;base64,{m.b64(200)}"),
        harmless(
            form,
            "minified code",
            'var e=t(8),n=e.n,r=function(a,b){return a&&b?a.k+b.v:null};!function(e){"use strict"}(r);',
        ),
        harmless(form, "SVG path", '<path d="M12.3 4.5c-1.2.8-3.4 5.6-7.8 9.1l2.2-4.4z" fill="#1a2b3c"/>'),
        harmless(form, "CSS colours", ".a{color:#ff8800;background:rgba(12,34,56,.7);margin:0 auto 1.25rem}"),
        harmless(form, "embedding", "[0.01823, -0.44121, 0.98123, 0.00012, -0.77231]"),
        harmless(form, "coordinates", "52.520008, 13.404954"),
        harmless(form, "protobuf bytes", r"b'\x08\x96\x01\x12\x07testing\x1a\x03\xe2\x98\x83'"),
        harmless(form, "DNA", "ACGTTGCAACGTAGCTAGCTAACGTTAGGCTAACGTACGT"),
        harmless(form, "words joined", "TheQuickBrownFoxJumpsOverTheLazyDogAndRunsAway"),
    ]


def _placeholders() -> list[Harmless]:
    form = "placeholder"
    return [
        harmless(form, "angle brackets", "OPENAI_API_KEY=<YOUR_API_KEY>"),
        harmless(form, "xxx", "export TOKEN=xxxxxxxxxxxxxxxx"),
        harmless(form, "your-key-here", "api_key: your-api-key-here"),
        harmless(form, "stars", "password: ********"),
        harmless(form, "shell variable", 'curl -H "Authorization: Bearer $TOKEN" https://api.example'),
        harmless(form, "braces", "DATABASE_URL=postgres://${DB_USER}:${DB_PASSWORD}@db/app"),
        harmless(form, "Actions expression", "token: ${{ secrets.GITHUB_TOKEN }}"),
        harmless(form, "Jinja", "password: {{ vault_db_password }}"),
        harmless(form, "dots", "sk-ant-..."),
        harmless(form, "changeme", "POSTGRES_PASSWORD=changeme"),
        harmless(form, "empty", "SECRET_KEY=\nDEBUG=1"),
        harmless(form, "null", '{"password": null, "token": ""}'),
        harmless(form, "redacted", "client_secret: [REDACTED]"),
        harmless(form, "URL template", "https://user:password@host:port/path"),
        harmless(form, "percent", "api_key = %(api_key)s"),
    ]


def _code() -> list[Harmless]:
    form = "code"
    return [
        harmless(form, "process.env", "const token = process.env.SLACK_BOT_TOKEN;"),
        harmless(form, "os.environ", 'SECRET_KEY = os.environ["SECRET_KEY"]'),
        harmless(form, "getenv with default", 'password = os.getenv("DB_PASSWORD", "")'),
        harmless(form, "Go", 'apiKey := os.Getenv("API_KEY")'),
        harmless(form, "Rust", 'let token = std::env::var("TOKEN")?;'),
        harmless(form, "parameter", "def login(username: str, password: str) -> Session:"),
        harmless(form, "keyword argument", "client.login(username=user.name, password=user.password)"),
        harmless(form, "hashing", "user.password_hash = bcrypt.hash(password)"),
        harmless(form, "comparison", "if (password !== confirmPassword) throw new MismatchError();"),
        harmless(form, "type", "interface Login { email: string; password: string }"),
        harmless(form, "Zod", "password: z.string().min(8).max(128)"),
        harmless(form, "token of a parser", "token = tokens.next(); if token.kind == TokenKind.Identifier:"),
        harmless(form, "SQL column", "ALTER TABLE users ADD COLUMN password_digest varchar(255) NOT NULL;"),
        harmless(form, "HTML", '<input type="password" name="password" autocomplete="current-password">'),
        harmless(form, "terraform reference", "password = random_password.db.result"),
        harmless(form, "k8s reference", "valueFrom:\n  secretKeyRef:\n    name: db-credentials\n    key: password"),
        harmless(form, "CSS token", "--token-color-primary: var(--blue-600);"),
        harmless(form, "test name", "test_login_with_wrong_password_returns_401 PASSED"),
        harmless(form, "dictionary key", 'PRIMARY_KEY = "user_id"; FOREIGN_KEY = "order_id"'),
        harmless(form, "React key", "<Row key={item.id} cacheKey={`row-${item.id}`} />"),
        harmless(form, "reading a file", 'api_key = Path("~/.config/app/key").expanduser().read_text().strip()'),
    ]


def _config() -> list[Harmless]:
    form = "configuration"
    return [
        harmless(form, "version strings", "node 22.11.0, npm 10.9.0, pnpm 9.12.3+sha.1a2b3c4"),
        harmless(form, "max tokens", "max_tokens: 4096\ntemperature: 0.2\ntoken_budget: 1500"),
        harmless(form, "plain URL", "DATABASE_URL=postgres://localhost:5432/shop_test"),
        harmless(form, "key names", "sort_key=created_at partition_key=tenant_id"),
        harmless(form, "timeouts", "password_reset_timeout = 3600"),
        harmless(form, "algorithm", "auth_method=scram-sha-256 token_type=Bearer"),
        harmless(form, "public key path", "SSH_KEY_PATH=~/.ssh/id_ed25519.pub"),
        harmless(form, "key bindings", '{ "key": "ctrl+shift+p", "command": "workbench.action.showCommands" }'),
        harmless(form, "feature flags", "ENABLE_PASSWORD_LOGIN=true\nREQUIRE_2FA=false"),
        harmless(form, "cookie options", "session: { cookie: { secure: true, sameSite: 'lax', maxAge: 86400000 } }"),
    ]


def _talk() -> list[Harmless]:
    form = "talk"
    return [
        harmless(form, "forgot it", "I forgot my password, how do I reset it?"),
        harmless(form, "rule", "The password must be at least twelve characters long."),
        harmless(form, "where it is", "The API key is in 1Password, ask Ines for it."),
        harmless(form, "tokens of a model", "The prompt was 15,320 tokens and the answer 812 tokens."),
        harmless(form, "secret of tea", "The secret is patience."),
        harmless(form, "wrong", "It says the token is invalid or has expired."),
        harmless(form, "rotate", "Please rotate the password every ninety days."),
        harmless(form, "phone", "Call me on +49 30 1234567 or (555) 010-4477."),
        harmless(form, "dates", "Released on 2026-11-20T16:02:11Z, next on 2026-12-01."),
        harmless(form, "German", "Das Passwort wird nie im Klartext gespeichert."),
        harmless(form, "French", "Le mot de passe est obligatoire pour se connecter."),
        harmless(form, "Spanish", "La contraseña es incorrecta según el servidor."),
        harmless(form, "key insight", "The key is to keep the queue short; the key point is ordering."),
        harmless(form, "pin a version", "Pin is set to 3.12 in the Dockerfile; pin it to 24.04 as well."),
        harmless(form, "pass rate", "Pass: 128, fail: 3, skipped: 12"),
        harmless(form, "Polish", "Hasło jest za krótkie, spróbuj ponownie."),
    ]


def _output() -> list[Harmless]:
    m = Maker("dev output")
    form = "output"
    return [
        harmless(
            form,
            "ls of keys",
            "-rw------- 1 ines ines 411 Nov 3 10:12 id_ed25519\n-rw-r--r-- 1 ines ines 98 Nov 3 10:12 id_ed25519.pub",
            "ls -l ~/.ssh",
        ),
        harmless(
            form, "grep for a name", "src/auth.ts:14:  const password = form.get('password')", "grep -rn password src"
        ),
        harmless(form, "git remote", "origin\tgit@git.example:shop/web.git (fetch)", "git remote -v"),
        harmless(form, "env names", "API_TOKEN\nDB_PASSWORD\nHOME", "env | cut -d= -f1 | sort"),
        harmless(
            form,
            "HTTP 401",
            'HTTP/1.1 401 Unauthorized\nwww-authenticate: Bearer realm="api"',
            "curl -i https://api.example",
        ),
        harmless(
            form,
            "stack trace",
            "  at verifyToken (/srv/app/dist/auth-4f3a2b1c.js:12:3456)\n  at processTicksAndRejections (node:internal)",
        ),
        harmless(form, "test ids", f"tests/test_auth.py::test_token[{m.hexes(8)}] PASSED"),
        harmless(form, "wc of a secret", "1 1 41 token.txt", "wc token.txt"),
        harmless(
            form, "kubectl get secrets", "NAME  TYPE  DATA  AGE\ndb-credentials  Opaque  2  41d", "kubectl get secrets"
        ),
    ]
