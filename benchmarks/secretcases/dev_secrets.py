"""Made-up secrets, the half for development."""

import unicodedata

from benchmarks.secretcases.made import Maker, Secret, b64, secret


def cases() -> list[Secret]:
    """All of this half."""
    return [*_keys(), *_blocks(), *_config(), *_commands(), *_printed(), *_prose(), *_disguised()]


def _keys() -> list[Secret]:
    m = Maker("dev keys")
    form = "provider's key"
    return [
        secret(form, "AWS access key", f"the bucket is read with «AKIA{m.upper(16)}» from CI"),
        secret(form, "AWS secret key beside its id", f"AWS_SECRET_ACCESS_KEY=«{m.alnum(20)}/{m.alnum(19)}»"),
        secret(form, "GitHub classic token", f"clone works with «ghp_{m.alnum(36)}», not with ssh"),
        secret(form, "GitHub fine-grained token", f"use «github_pat_{m.alnum(22)}_{m.alnum(59)}» for the release"),
        secret(
            form, "GitLab token", f"curl -H 'PRIVATE-TOKEN: «glpat-{m.url64(20)}»' https://gitlab.example/api/v4/user"
        ),
        secret(
            form, "Slack bot token", f"slack says invalid_auth for «xoxb-{m.digits(12)}-{m.digits(13)}-{m.alnum(24)}»"
        ),
        secret(
            form,
            "Slack webhook",
            f"post to https://hooks.slack.com/services/T{m.upper(8)}/B{m.upper(8)}/«{m.alnum(24)}»",
        ),
        secret(form, "Stripe live key", f'Stripe.api_key = "«sk_{"live"}_{m.alnum(24)}»"'),
        secret(form, "Google API key", f"maps.js?key=«AIza{m.url64(35)}»&libraries=places"),
        secret(form, "OpenAI project key", f"openai client built with «sk-proj-{m.url64(74)}T3BlbkFJ{m.url64(74)}»"),
        secret(form, "Anthropic key", f"export ANTHROPIC_API_KEY=«sk-ant-api03-{m.url64(93)}AA»"),
        secret(form, "Hugging Face token", f"huggingface-cli login --token «hf_{m.alnum(34)}»"),
        secret(form, "npm token", f"//registry.example/:_authToken=«npm_{m.alnum(36)}»"),
        secret(form, "SendGrid key", f"mailer.configure('«SG.{m.url64(22)}.{m.url64(43)}»')"),
        secret(form, "Telegram bot token", f"the bot's token is «{m.digits(10)}:AA{m.url64(33)}», made by BotFather"),
        secret(form, "DigitalOcean token", f"doctl auth init -t «dop_v1_{m.hexes(64)}»"),
        secret(form, "Vault token", f"vault login «hvs.{m.url64(90)}»"),
        secret(form, "Shopify token", f"X-Shopify-Access-Token: «shpat_{m.hexes(32)}»"),
        secret(form, "Databricks token", f"databricks host ok, token «dapi{m.hexes(32)}»"),
        secret(form, "age key", f"# public key: age1{m.lower(58)}\n«AGE-SECRET-KEY-1{m.upper(58)}»"),
        secret(form, "Discord bot token", f"client.run('«M{m.alnum(23)}.{m.alnum(6)}.{m.url64(38)}»')"),
        secret(form, "Groq key", f"GROQ: «gsk_{m.alnum(52)}»"),
        secret(form, "Tailscale key", f"sudo tailscale up --authkey «tskey-auth-{m.alnum(12)}CNTRL-{m.alnum(32)}»"),
    ]


def _blocks() -> list[Secret]:
    m = Maker("dev blocks")
    return [
        secret("PEM", "RSA private key", "here it is:\n" + m.pem("RSA PRIVATE KEY", 1190)),
        secret("PEM", "key in one line of JSON", '{"private_key": "' + m.pem("PRIVATE KEY", 900, "\\n") + '\\n"}'),
        secret(
            "SSH key", "OpenSSH private key, indented", "  key: |\n    " + m.pem("OPENSSH PRIVATE KEY", 290, "\n    ")
        ),
        secret("JWT", "JWT in a header", f"Authorization: Bearer «{m.jwt()}»"),
        secret("JWT", "JWT told in prose", f"The session of the tester is {'«' + m.jwt() + '»'} and it lasts a week."),
        secret(
            "private block",
            "private block",
            "Deploy on Fridays. <private>«my bank is the one at Harbour Lane 4»</private> Ask Ines.",
        ),
    ]


def _config() -> list[Secret]:
    m = Maker("dev config")
    return [
        secret(".env", "database password", f"DB_HOST=localhost\nDB_PASSWORD=«{m.alnum(14)}»\nDB_NAME=shop"),
        secret(".env", "quoted, with signs and spaces", 'ADMIN_PASSWORD="«Tr0mbone & Keks 91»"'),
        secret(".env", "Django's key", f"SECRET_KEY='«{m.of('abcdefghijk0123456789!@#$%^&*(-_=+)', 50)}»'"),
        secret("YAML", "nested password", f"smtp:\n  host: mail.example\n  user: bot\n  password: «{m.alnum(16)}»\n"),
        secret("YAML", "list of environment pairs", f'env:\n  - name: API_TOKEN\n    value: "«{m.alnum(32)}»"\n'),
        secret("JSON", "client secret", f'{{"client_id": "web-7", "client_secret": "«{m.url64(40)}»"}}'),
        secret("JSON", "JSON in JSON", f'{{"body": "{{\\"password\\": \\"«{m.alnum(15)}»\\"}}"}}'),
        secret("TOML", "TOML token", f'[registry]\ntoken = "«{m.alnum(36)}»"\n'),
        secret("INI", "aws credentials file", f"[default]\naws_secret_access_key = «{m.alnum(40)}»"),
        secret(
            "docker", "compose file", f"services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: «{m.alnum(18)}»"
        ),
        secret("docker", "Dockerfile's ENV", f"FROM node:22\nENV NPM_TOKEN=«{m.uuid()}»\nRUN npm ci"),
        secret("k8s", "Secret manifest", f"kind: Secret\ndata:\n  password: «{b64(m.alnum(18))}»\n  user: YWRtaW4="),
        secret("terraform", "variable file", f'db_password = "«{m.alnum(20)}»"\nregion = "eu-central-1"'),
        secret(
            "terraform", "resource", f'resource "aws_db_instance" "x" {{\n  master_password = "«{m.alnum(17)}»"\n}}'
        ),
        secret(
            "connection string",
            "postgres URL",
            f"postgresql://app:«{m.alnum(16)}»@db.internal:5432/app?sslmode=require",
        ),
        secret(
            "connection string",
            "SQL Server",
            f"Server=tcp:db.example,1433;User ID=sa;Password=«{m.alnum(12)}!x»;Encrypt=True;",
        ),
        secret(
            "connection string",
            "Azure storage",
            f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=«{m.b64(64)}»",
        ),
        secret("XML", "Maven settings", f"<server><id>nexus</id><password>«{m.alnum(15)}»</password></server>"),
    ]


def _commands() -> list[Secret]:
    m = Maker("dev commands")
    basic = b64(f"deploy:{m.alnum(14)}")
    return [
        secret("curl", "user and password", f"curl -u ines:«{m.alnum(13)}» https://ci.example/job/7/build"),
        secret("curl", "header with a key", f'curl -sS -H "X-Api-Key: «{m.alnum(40)}»" https://api.example/v1/items'),
        secret(
            "curl",
            "form field",
            f"curl -d 'grant_type=password&username=bo&password=«{m.alnum(12)}»' https://sso.example/token",
        ),
        secret("basic auth", "Authorization header", f"> Authorization: Basic «{basic}»\n> Accept: */*"),
        secret("shell", "export", f"export STAGING_TOKEN='«{m.alnum(28)}»' && make deploy"),
        secret("shell", "mysql -p", f"mysql -h db -u root -p«{m.alnum(11)}» shop < dump.sql"),
        secret("shell", "sshpass", f"sshpass -p '«{m.alnum(10)}!»' ssh root@10.0.0.7"),
        secret("shell", "PGPASSWORD", f"PGPASSWORD=«{m.alnum(13)}» psql -h db -U app -c 'select 1'"),
        secret("shell", "docker login", f"docker login -u bot -p «{m.alnum(22)}» registry.internal"),
        secret(
            "git remote",
            "token in a remote",
            f"origin\thttps://bot:«{m.alnum(40)}»@git.example/shop/web.git (fetch)",
            "git remote -v",
        ),
        secret("cookie", "session cookie", f"Cookie: theme=dark; sessionid=«{m.lower(32)}»"),
        secret("URL", "token in a query", f"GET /feed?access_token=«{m.alnum(36)}»&page=2"),
        secret(
            "URL", "presigned", f"https://b.s3.amazonaws.com/a.zip?X-Amz-Expires=900&X-Amz-Signature=«{m.hexes(64)}»"
        ),
    ]


def _printed() -> list[Secret]:
    m = Maker("dev printed")
    codes = "\n".join(f"«{m.lower(5)}-{m.lower(5)}»" for _ in range(6))
    return [
        secret("secret file", "cat of a password file", f"«{m.alnum(21)}»\n", "cat ~/.vault_pass"),
        secret(
            "secret file",
            "kubectl decodes",
            f"«{m.alnum(20)}»",
            "kubectl get secret db -o jsonpath='{.data.password}' | base64 -d",
        ),
        secret("secret file", "pass show", f"«Quilt-Ferry-{m.digits(4)}»\nuser: ines", "pass show work/vpn"),
        secret("netrc", "netrc", f"machine api.example\n  login ines\n  password «{m.alnum(14)}»\n", "cat ~/.netrc"),
        secret("htpasswd", "htpasswd", f"ines:«$apr1${m.alnum(8)}${m.alnum(22)}»\n", "cat /etc/nginx/.htpasswd"),
        secret(
            "htpasswd",
            "shadow line",
            f"root:«$6${m.alnum(16)}${m.alnum(86)}»:19000:0:99999:7:::",
            "sudo cat /etc/shadow",
        ),
        secret("2FA", "recovery codes", f"Your recovery codes, keep them safe:\n{codes}"),
        secret("2FA", "otpauth URL", f"otpauth://totp/shop:ines?secret=«{m.upper(32)}»&issuer=shop"),
        secret("secret file", "pgpass", f"db.internal:5432:shop:app:«{m.alnum(13)}»", "cat ~/.pgpass"),
    ]


def _prose() -> list[Secret]:
    form = "prose"
    return [
        secret(form, "English", "The wifi password is «Lantern-Fig-88», please don't share it."),
        secret(form, "English, reversed", "Log in as admin with «h0tair-balloon» as the password."),
        secret(form, "German", "Das Passwort für den Drucker lautet «Apfelmus#1974»."),
        secret(form, "French", "Le mot de passe du NAS est «Pluie-d0range», merci."),
        secret(form, "Spanish", "La contraseña del router es «C4racol.Azul»"),
        secret(form, "Polish", "Hasło do bazy to «Zupa!Ogorkowa7»"),
        secret(
            form,
            "Turkish, decomposed",
            unicodedata.normalize("NFD", "Sunucunun şifresi ") + "«Kestane_2207» olarak ayarlandı",
        ),
        secret(form, "Russian", "Пароль от сервера: «Snegir-4471»"),
        secret(form, "Chinese", "数据库密码是«Bambus8821x»，不要外传"),
        secret(form, "Japanese", "パスワードは「«Sakura_7719»」です"),
        secret(form, "PIN", "the pin for the alarm is «483920»"),
    ]


def _disguised() -> list[Secret]:
    m = Maker("dev disguised")
    key = f"ghp_{m.alnum(36)}"
    wrapped = f"sk-ant-api03-{m.url64(93)}AA"
    form = "disguised"
    return [
        secret(form, "zero-width space within", f"token «{key[:18]}»\u200b«{key[18:]}» from the chat"),
        secret(form, "wrapped by a terminal", f"ANTHROPIC_API_KEY=«{wrapped[:60]}»\n«{wrapped[60:]}»\n"),
        secret(form, "URL-encoded", f"redirect=https%3A%2F%2Fsso.example%2F%3Faccess_token%3D«{m.alnum(36)}»%26x%3D1"),
        secret(form, "JSON-escaped equals", f'"line": "API_SECRET\\u003d«{m.alnum(30)}»"'),
        secret(form, "in a file's name", f"Write(/tmp/backup-«AKIA{m.upper(16)}».tar.gz)"),
        secret(form, "markdown bold label", f"**Password:** `«{m.alnum(12)}»`"),
    ]
