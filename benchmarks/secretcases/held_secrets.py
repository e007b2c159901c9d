"""Made-up secrets, the half held out: for the figures alone."""

import unicodedata

from benchmarks.secretcases.made import Maker, Secret, b64, secret


def cases() -> list[Secret]:
    """All of this half."""
    return [*_keys(), *_blocks(), *_config(), *_commands(), *_printed(), *_prose(), *_disguised()]


def _keys() -> list[Secret]:
    m = Maker("held keys")
    form = "provider's key"
    return [
        secret(form, "AWS temporary key", f"aws_access_key_id «ASIA{m.upper(16)}» has expired, renew it"),
        secret(form, "AWS pair in prose", f"id AKIA{'Z' * 16} and secret access key «{m.alnum(17)}+{m.alnum(22)}»"),
        secret(form, "GitHub app token", f"git fetch used «ghs_{m.alnum(36)}» in the job"),
        secret(form, "GitLab runner token", f"gitlab-runner register --token «glrt-{m.url64(20)}»"),
        secret(form, "Slack app token", f"SLACK_APP=«xapp-1-A{m.upper(10)}-{m.digits(13)}-{m.hexes(64)}»"),
        secret(form, "Stripe webhook secret", f"constructEvent(body, sig, '«whsec_{m.alnum(32)}»')"),
        secret(form, "Google OAuth client secret", f'"secret": "«GOCSPX-{m.url64(28)}»"'),
        secret(form, "OpenAI old key", f"it fails with «sk-{m.alnum(20)}T3BlbkFJ{m.alnum(20)}» since today"),
        secret(form, "OpenRouter key", f"router = Client('«sk-or-v1-{m.hexes(64)}»')"),
        secret(form, "PyPI token", f"twine upload -u __token__ -p «pypi-AgEIcHlwaS5vcmc{m.url64(120)}» dist/*"),
        secret(form, "Twilio key", f"twilio: account AC{m.hexes(32)}, auth token «{m.hexes(32)}»"),
        secret(form, "Mailgun key", f"requests.post(url, auth=('api', '«key-{m.hexes(32)}»'))"),
        secret(form, "Linear key", f"linear export --key «lin_api_{m.alnum(40)}»"),
        secret(form, "Notion token", f"new Client({{ auth: '«ntn_{m.alnum(46)}»' }})"),
        secret(form, "Docker Hub token", f"echo «dckr_pat_{m.url64(27)}» | docker login --password-stdin -u ines"),
        secret(form, "Grafana token", f"grafana sa «glsa_{m.alnum(32)}_{m.hexes(8)}» can read all"),
        secret(form, "Supabase token", f"supabase login «sbp_{m.hexes(40)}»"),
        secret(form, "Atlassian token", f"jira -u ines@shop.example:«ATATT3xFfGF0{m.url64(170)}={m.hexes(8).upper()}»"),
        secret(form, "Replicate token", f"r = replicate.Client('«r8_{m.alnum(37)}»')"),
        secret(
            form,
            "Terraform Cloud token",
            f'credentials "app.terraform.io" {{ token = "«{m.alnum(14)}.atlasv1.{m.alnum(67)}»" }}',
        ),
        secret(form, "Discord webhook", f"https://discord.com/api/webhooks/{m.digits(19)}/«{m.url64(68)}»"),
        secret(form, "Sentry token", f"sentry-cli --auth-token «sntrys_{m.alnum(90)}» releases new 1"),
        secret(form, "xAI key", f"grok wants «xai-{m.alnum(80)}»"),
    ]


def _blocks() -> list[Secret]:
    m = Maker("held blocks")
    return [
        secret("PEM", "EC private key", m.pem("EC PRIVATE KEY", 120)),
        secret("PEM", "PGP private block", m.pem("PGP PRIVATE KEY BLOCK", 1400)),
        secret("PEM", "the beginning alone", m.pem("ENCRYPTED PRIVATE KEY", 800).rsplit("\n", 4)[0] + "\n[truncated]"),
        secret("SSH key", "OpenSSH key quoted with >", "> " + m.pem("OPENSSH PRIVATE KEY", 290, "\n> ")),
        secret("JWT", "JWT in JSON", f'{{"token_type": "Bearer", "id_token": "«{m.jwt()}»", "expires_in": 300}}'),
        secret("JWT", "JWT in a websocket URL", f"wss://live.example/socket?jwt=«{m.jwt()}»"),
        secret(
            "private block",
            "private over lines",
            "Note <private>\n«the safe is behind the blue cupboard»\n</private> end",
        ),
    ]


def _config() -> list[Secret]:
    m = Maker("held config")
    return [
        secret(".env", "Redis password", f"REDIS_HOST=r1\nREDIS_PASS=«{m.alnum(20)}»\n"),
        secret(".env", "export with a comment", f"export JWT_SIGNING_KEY=«{m.hexes(48)}» # rotate in May"),
        secret(".env", "short but real", "SMTP_PASSWORD=«kiwi77»\n"),
        secret("YAML", "block scalar", f"credentials:\n  api_key: >-\n    «{m.alnum(40)}»\n"),
        secret("YAML", "Ansible variable", f"vault_db_pass: '«{m.alnum(14)}$»'"),
        secret("YAML", "GitHub Actions env", f"      env:\n        DEPLOY_KEY: «{m.alnum(33)}»\n"),
        secret("JSON", "camelCase", f'{{"apiKey": "«{m.alnum(32)}»", "region": "eu"}}'),
        secret("JSON", "docker config", f'{{"auths": {{"r.example": {{"auth": "«{b64("bot:" + m.alnum(16))}»"}}}}}}'),
        secret("TOML", "poetry", f'[http-basic.shop]\nusername = "bot"\npassword = "«{m.alnum(19)}»"\n'),
        secret("INI", "my.cnf", f"[client]\nuser=root\npassword=«{m.alnum(12)}»\n"),
        secret("docker", "run -e", f"docker run -e MYSQL_ROOT_PASSWORD=«{m.alnum(13)}» -d mysql:8"),
        secret("docker", "build argument", f"docker build --build-arg GH_TOKEN=«{m.alnum(40)}» ."),
        secret("k8s", "stringData", f"apiVersion: v1\nkind: Secret\nstringData:\n  token: «{m.alnum(28)}»\n"),
        secret(
            "k8s",
            "base64 under a plain name",
            f"kind: Secret\nmetadata:\n  name: tls\ndata:\n  config: «{b64('password=' + m.alnum(18))}»",
        ),
        secret("k8s", "create secret", f"kubectl create secret generic db --from-literal=password=«{m.alnum(15)}»"),
        secret("terraform", "state file", f'"attributes": {{"username": "app", "password": "«{m.alnum(22)}»"}}'),
        secret("connection string", "mongodb", f"mongodb+srv://shop:«{m.alnum(17)}»@cluster0.abcde.mongodb.net/shop"),
        secret("connection string", "amqp in YAML", f"broker: amqp://worker:«{m.alnum(12)}»@mq:5672//"),
        secret("connection string", "JDBC", f"jdbc:mysql://db/shop?user=app&password=«{m.alnum(14)}»&useSSL=true"),
        secret("XML", "attribute", f'<add name="db" user="sa" pwd="«{m.alnum(13)}»" />'),
    ]


def _commands() -> list[Secret]:
    m = Maker("held commands")
    return [
        secret("curl", "bearer", f"curl -H 'Authorization: Bearer «{m.alnum(40)}»' https://api.example/me"),
        secret(
            "curl",
            "JSON body",
            f'curl -d \'{{"email":"i@x.example","password":"«{m.alnum(11)}»"}}\' https://x.example/login',
        ),
        secret("curl", "long option", f"curl --user 'ci:«{m.alnum(18)}»' -T a.zip https://repo.example/"),
        secret("basic auth", "in code", f"headers = {{'Authorization': 'Basic «{b64('svc:' + m.alnum(15))}»'}}"),
        secret("shell", "redis-cli", f"redis-cli -h r1 -a «{m.alnum(16)}» ping"),
        secret("shell", "fish's set", f"set -gx OPENAI_KEY «{m.alnum(40)}»"),
        secret("shell", "PowerShell", f"$env:AZURE_CLIENT_SECRET = '«{m.url64(34)}»'"),
        secret("shell", "openssl", f"openssl enc -aes-256-cbc -pass pass:«{m.alnum(14)}» -in a -out b"),
        secret("shell", "create user", f"CREATE USER app WITH PASSWORD '«{m.alnum(14)}»';"),
        secret("shell", "chpasswd", f"echo 'ines:«{m.alnum(12)}»' | sudo chpasswd"),
        secret("shell", "argument with equals", f"./backup --db=shop --password=«{m.alnum(13)}» --out=x"),
        secret("git remote", "token as the user", f"git clone https://«{m.alnum(40)}»@git.example/shop/api.git"),
        secret("cookie", "Set-Cookie", f"< set-cookie: auth_token=«{m.url64(44)}»; Path=/; HttpOnly; Secure"),
        secret(
            "URL", "SAS signature", f"https://shop.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig=«{m.alnum(43)}%3D»"
        ),
        secret("URL", "magic link", f"https://app.example/reset-password?token=«{m.url64(43)}»"),
    ]


def _printed() -> list[Secret]:
    m = Maker("held printed")
    codes = " ".join(f"«{m.digits(4)} {m.digits(4)}»" for _ in range(6))
    return [
        secret("secret file", "cat of a token file", f"«{m.alnum(40)}»", "cat /run/secrets/api_token"),
        secret("secret file", "env", f"HOME=/root\nMAIL_TOKEN=«{m.alnum(26)}»\nLANG=C", "env | sort"),
        secret("secret file", "op read", f"«{m.alnum(20)}»", "op read op://prod/db/password"),
        secret(
            "secret file",
            "aws secretsmanager",
            f"«{m.alnum(24)}»",
            "aws secretsmanager get-secret-value --secret-id db --query SecretString --output text",
        ),
        secret("secret file", "head of key file", f"«{m.b64(32)}»", "head -c 200 config/master.key"),
        secret("secret file", "keychain", f'password: "«{m.alnum(15)}»"', "security find-generic-password -ga shop"),
        secret("netrc", "netrc in one line", f"machine git.example login bot password «{m.alnum(20)}»"),
        secret("htpasswd", "bcrypt", f"admin:«$2y$05${m.alnum(53)}»", "cat htpasswd"),
        secret("2FA", "backup codes in a line", f"Backup codes: {codes}"),
        secret("2FA", "TOTP seed told", f"the TOTP secret for the shop is «{m.upper(16)}»"),
    ]


def _prose() -> list[Secret]:
    form = "prose"
    return [
        secret(form, "English, changed to", "I changed the database password to «Walnut&Sleet3» this morning."),
        secret(form, "English, short form", "pw: «grape99fruit» (staging only)"),
        secret(form, "English, passphrase of words", 'The passphrase of the backup is "«copper otter nine windmill»".'),
        secret(form, "German, Kennwort", "Kennwort ist jetzt «Murmel+Tier55», bitte merken."),
        secret(form, "French, code", "mdp : «Chouette_19»"),
        secret(form, "Italian", "La password del server è «Gelato-Vento6»"),
        secret(form, "Portuguese", "A senha do banco é «Caju#Verde12»."),
        secret(
            form, "Portuguese, decomposed", unicodedata.normalize("NFD", "A senha da produção é ") + "«Tucano.Rio81»"
        ),
        secret(form, "Dutch", "Het wachtwoord is «Fiets-Regen90»"),
        secret(form, "Czech", "Heslo k serveru je «Vrabec_5512»"),
        secret(form, "Ukrainian", "Пароль до бази — «Lastivka-3390»"),
        secret(form, "Korean", "비밀번호는 «Dolphin_6620» 입니다"),
        secret(form, "Arabic", "كلمة المرور هي «Nakhla-8814»"),
        secret(form, "Swedish", "Lösenordet till routern är «Blabar&Is44»"),
    ]


def _disguised() -> list[Secret]:
    m = Maker("held disguised")
    key = f"AKIA{m.upper(16)}"
    wrapped = f"github_pat_{m.alnum(22)}_{m.alnum(59)}"
    form = "disguised"
    return [
        secret(form, "soft hyphen within", f"key «{key[:10]}»\u00ad«{key[10:]}»"),
        secret(form, "joiner within", f"password\u200d: «{m.alnum(14)}»"),
        secret(form, "wrapped with a backslash", f"export GH_TOKEN=«{wrapped[:50]}»\\\n«{wrapped[50:]}»"),
        secret(form, "URL-encoded URL", f"next=postgres%3A%2F%2Fapp%3A«{m.alnum(15)}»%40db%2Fshop"),
        secret(form, "JSON-escaped quotes", f"\\u0022client_secret\\u0022\\u003a\\u0022«{m.alnum(32)}»\\u0022"),
        secret(form, "full-width label", f"ｐａｓｓｗｏｒｄ：«{m.alnum(13)}»"),
        secret(form, "Cyrillic letters in the label", f"pаsswоrd = «{m.alnum(14)}»"),
        secret(form, "HTML-escaped", f"&lt;password&gt;«{m.alnum(15)}»&lt;/password&gt;"),
        secret(form, "table row", f"| admin password | «{m.alnum(12)}» |"),
    ]
