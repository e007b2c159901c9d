"""Which commands print secrets, and what is left of their output."""

import pytest

from sidecar.redact import redact
from sidecar.redact.commands import Output, is_secret_file, of_tool, output

PRINT_SECRETS = [
    "cat .env",
    "cat ./config/.env.production",
    "head -5 ~/.aws/credentials",
    "sudo cat /etc/shadow",
    "cat ~/.ssh/id_rsa",
    "less server.pem",
    "bat secrets.yaml",
    "cat ~/.netrc",
    "cat ~/.pgpass",
    "cat .htpasswd",
    "cat ~/.kube/config",
    "cat terraform.tfvars",
    "cat wp-config.php",
    "type .env",
    "Get-Content .env",
    "read /home/bob/app/.env",
    "env",
    "env | grep -i token",
    "env | sort",
    "printenv",
    "printenv API_TOKEN",
    "export -p",
    "set",
    "declare -x",
    "kubectl get secret db -o yaml",
    "kubectl -n prod get secrets -o json",
    "kubectl get secret db -o jsonpath='{.data.password}' | base64 -d",
    "docker exec web env",
    "docker compose exec web printenv",
    "kubectl exec -it web -- env",
    "docker exec web cat /run/secrets/db",
    "ssh host cat .env",
    'ssh host "cat /etc/app/secrets.env"',
    "aws configure get aws_secret_access_key",
    "aws secretsmanager get-secret-value --secret-id x",
    "gh auth token",
    "pass show mail/bob",
    "pass mail/bob",
    "op read op://vault/item/password",
    "vault kv get secret/app",
    "openssl rand -hex 32",
    "openssl rand -base64 24 | tr -d '=+/'",
    "pwgen 20 1",
    "sops -d secrets.enc.yaml",
    "sops secrets.yaml",
    "gpg -d backup.gpg",
    "head -c 32 /dev/urandom | base64",
    'python3 -c "import secrets; print(secrets.token_hex(16))"',
    "cd app && cat .env",
    "FOO=1 cat .env",
    "cat .env 2>/dev/null",
    "cat .env || true",
    "git show HEAD:.env",
    "grep PASSWORD .env",
    "grep -v '^#' .env",
    "sed -n 1,20p .env",
    "jq . credentials.json",
    "cat ~/.vault-harbor",
    "terraform output -json",
    "heroku config",
    "echo $DB_PASSWORD",
    'bash -c "cat .env"',
    "bash -lc 'cat .env'",
    "op item get x --fields password",
    "cat /proc/self/environ",
    "cat ~/.config/gh/hosts.yml",
    "cat token.txt",
    "tail -n 20 service-account.json",
    "cat api_key",
    "cat ~/.npmrc",
    "security find-generic-password -s x -w",
    "secret-tool lookup a b",
    "wg genkey",
    "gcloud auth print-access-token",
]
DO_NOT = [
    "cat README.md",
    "cat .env.example",
    "ls -la .env",
    "cp .env .env.bak",
    "git add .env",
    "git status",
    "cat /etc/passwd",
    "cat src/token_utils.py",
    "cat tests/test_password.py",
    "cat docs/secrets.md",
    "cat id_rsa.pub",
    "cat ~/.ssh/known_hosts",
    "cat ~/.ssh/config",
    "grep -rn password src/",
    'grep -r "secret" .',
    "rg token lib",
    "env FOO=1 python app.py",
    "set -e",
    "set -euo pipefail && make",
    "export FOO=bar",
    "kubectl get secrets",
    "docker ps",
    "npm test",
    "cat .env | wc -l",
    "sha256sum id_rsa",
    "openssl x509 -in cert.pem -noout -text",
    "cat package.json",
    "pass ls",
    "git log --oneline",
    "cat keys.py",
    "python manage.py test",
    "cat .env > /tmp/x",
    "wc -l .env",
    "echo hello",
    "cat compass.txt",
    "cat monkey.json",
    "cat design-tokens.json",
    "head -3 keyboard.c",
    "cat public.key.md",
    "go test ./vault/...",
    "cat internal/vault/store.go",
    "source .env",
    "vim .env",
    "rm secrets.yaml",
    "gh auth status",
    "openssl version",
    "cat Cargo.lock",
    "terraform plan",
    "cat passes.csv",
    "kubectl get pods",
]


@pytest.mark.parametrize("command", PRINT_SECRETS)
def test_commands_that_print_secrets(command):
    assert output(command) is Output.SECRETS


@pytest.mark.parametrize("command", DO_NOT)
def test_commands_that_do_not(command):
    assert output(command) is Output.ORDINARY


@pytest.mark.parametrize(
    "command", ["docker inspect web", "kubectl get deploy web -o yaml", "kubectl describe pod web"]
)
def test_commands_that_print_environments(command):
    assert output(command) is Output.ENVIRONMENTS


@pytest.mark.parametrize(
    "command", ["", "|", "cat", "'", "cat 'unclosed", "&& ;;", "\n", "$(", "`", "=", "sudo", "env -i"]
)
def test_broken_commands_are_taken(command):
    output(command)


def test_tools_that_open_files():
    assert of_tool("Read", "/x/.env") == "read /x/.env"
    assert of_tool("Bash", "cat /x/.env") == "cat /x/.env"
    assert of_tool("Read", "") == ""


@pytest.mark.parametrize(
    "path", [".env", "a/.env.local", "id_ed25519", "x.pem", "secrets.yaml", ".netrc", "wp-config.php"]
)
def test_secret_files(path):
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path", ["", ".env.example", "id_rsa.pub", "token.py", "docs/secrets.md", "/etc/passwd", "main.c"]
)
def test_other_files(path):
    assert not is_secret_file(path)


GONE = "[redacted:file-secret]"
OUTPUTS = [
    (
        "cat .env",
        '# comment\nNODE_ENV=development\nPORT=3000\nNAME="My App"\nEMPTY=\nREF=${OTHER}\nbare-secret-value\n',
        '# comment\nNODE_ENV=development\nPORT=*\nNAME="*"\nEMPTY=\nREF=${OTHER}\n*\n',
    ),
    ("read .env", "     1→A=one\n     2→B=two\n     3→# c\n", "     1→A=*\n     2→B=*\n     3→# c\n"),
    (
        "kubectl get secret db -o yaml",
        "apiVersion: v1\ndata:\n  user: YXBw\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\ntype: Opaque\n",
        "apiVersion: v1\ndata:\n  user: *\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\ntype: Opaque\n",
    ),
    (
        "cat creds.json",
        '{\n  "user": "bob",\n  "list": ["one", "two"],\n  "n": 12,\n  "t": true\n}',
        '{\n  "user": "*",\n  "list": ["*", "*"],\n  "n": *,\n  "t": true\n}',
    ),
    ("cat creds.json", '{"user":"bob","p":{"x":"y"}}', '{"user":"*","p":{"x":"*"}}'),
    ("cat ~/.netrc", "machine a.example login bob password hunter\n", "machine a.example login bob password *\n"),
    ("cat ~/.pgpass", "localhost:5432:db:bob:hunter\n", "localhost:5432:db:*\n"),
    ("cat .htpasswd", "bob:$apr1$abc$defghijk\n", "bob:*\n"),
    ("gh auth token", "plainvalue\n", "*\n"),
    ("cat .env", "cat: .env: No such file or directory", "cat: .env: No such file or directory"),
    ("pwgen 8 2", "aeX3uo4o Eing7ahd\n", "*\n"),
    (
        "docker inspect web",
        '[{"Id": "sha256:abc", "Config": {"Env": ["DB_HOST=db", "X=1"], "Image": "web:1"}}]',
        '[{"Id": "sha256:abc", "Config": {"Env": ["DB_HOST=*", "X=*"], "Image": "web:1"}}]',
    ),
    (
        "cat wp-config.php",
        "<?php\ndefine('DB_NAME', 'wp');\ndefine('DB_PASSWORD', 'x y');\n$table_prefix = 'wp_';\n",
        "<?php\ndefine('DB_NAME', '*');\ndefine('DB_PASSWORD', '*');\n$table_prefix = '*';\n",
    ),
    ("env", "PATH=/usr/bin\nHOME=/home/bob\n", "PATH=*\nHOME=*\n"),
    ("cat .env", "$ cat .env\nA=b\n", "$ cat .env\nA=*\n"),
    (
        "cat secrets.yaml",
        "db:\n  pass: x\n  multi: |\n    line one\n    line two\nlist:\n  - alpha\n  - beta\n",
        "db:\n  pass: *\n  multi: |\n    *\n    *\nlist:\n  - *\n  - *\n",
    ),
    ("openssl rand -hex 16", "0123456789abcdef0123456789abcdef\n", "*\n"),
    ("cat key.pem", "abc\n", "*\n"),
    ("grep -n KEY .env", "3:MODE=plain\n", "3:MODE=*\n"),
    ("cat creds.json", '{\\"user\\": \\"bob\\"}', '{\\"user\\": \\"*\\"}'),
]


@pytest.mark.parametrize(("command", "text", "expected"), OUTPUTS)
def test_output_keeps_names_comments_and_structure(command, text, expected):
    result = redact(text, command=command).text
    assert result == expected.replace("*", GONE)
    assert redact(result, command=command).text == result


@pytest.mark.parametrize(("command", "text", "expected"), OUTPUTS)
def test_pasted_terminal_sessions(command, text, expected):
    session = f"I ran\n$ {command}\n{text}"
    assert redact(session).text == f"I ran\n$ {command}\n" + expected.replace("*", GONE)


def test_a_pasted_session_ends_at_the_next_prompt_or_gap():
    text = "$ cat .env\nMODE=fast\n$ echo hi\nMODE=fast\n\n$ cat .env\nMODE=fast\n\nMODE=fast\n"
    assert redact(text).text == text.replace("cat .env\nMODE=fast", f"cat .env\nMODE={GONE}")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat > .env <<EOF\nMODE=fast\nEOF\necho done", f"cat > .env <<EOF\nMODE={GONE}\nEOF\necho done"),
        ("cat > notes.md <<EOF\nMODE=fast\nEOF", "cat > notes.md <<EOF\nMODE=fast\nEOF"),
        ('echo "MODE=fast" >> .env', f'echo "MODE={GONE}" >> .env'),
        ("echo plainvalue > secret.txt", f"echo {GONE} > secret.txt"),
        ("echo 'plain value' | sudo tee /run/secrets/db", f"echo '{GONE}' | sudo tee /run/secrets/db"),
        ("echo plainvalue > notes.txt", "echo plainvalue > notes.txt"),
    ],
)
def test_what_a_command_writes_into_a_secret_file(command, expected):
    assert redact(command).text == expected
