"""General words of software work: tools by what they are for, and nouns that name one slot of a project.

A tool's class gives a stable key ("package-manager/node") when somebody chooses it, and its name counts as a concrete
value.  The lists need not be complete: a missing tool only means a missing key.
"""

from __future__ import annotations

TOOLS: dict[str, str] = {
    "package-manager/node": "npm pnpm yarn bun",
    "package-manager/python": "pip pipx uv poetry conda mamba micromamba pipenv pdm hatch",
    "build-tool/jvm": "gradle maven sbt bazel",
    "build-tool/native": "cmake meson scons autotools",
    "orm": "prisma kysely drizzle typeorm sequelize mikroorm mikro-orm knex sqlalchemy peewee hibernate diesel gorm",
    "orchestrator": "airflow dagster prefect luigi",
    "dataframe-library": "pandas polars dask vaex",
    "payment-provider": "stripe mollie adyen paypal braintree paddle",
    "test-runner/node": "jest vitest mocha karma ava",
    "test-runner/python": "pytest unittest nose",
    "e2e-runner": "playwright cypress selenium puppeteer",
    "linter/node": "eslint biome tslint oxlint",
    "linter/python": "ruff flake8 pylint",
    "bundler": "webpack vite rollup esbuild parcel turbopack rspack",
    "ci": "jenkins circleci travis buildkite github-actions gitlab-ci",
    "infrastructure-tool": "terraform pulumi opentofu cloudformation",
    "ui-framework": "react vue svelte angular solidjs preact",
    "css-framework": "tailwind bootstrap bulma",
    "state-library": "redux zustand mobx pinia jotai recoil",
    "firmware-sdk": "zephyr esp-idf arduino freertos nuttx mbed riot",
    "ml-framework": "pytorch tensorflow jax keras mxnet",
    "export-format": "onnx tflite coreml torchscript",
    "mobile-framework": "flutter react-native swiftui jetpack-compose xamarin ionic",
    "game-engine": "unity godot unreal bevy",
    "web-framework/python": "django flask fastapi starlette",
    "statistics-package": "lme4 brms glmmtmb rstanarm pymc nlme",
    "typesetting": "latex typst",
    "http-client/node": "axios got ky node-fetch",
    "validation-library": "zod yup joi valibot pydantic marshmallow",
    "monitoring": "datadog newrelic sentry",
    "identity-provider": "auth0 keycloak cognito clerk okta",
    # Known by name, but chosen for many purposes at once in one project: no key of their own.
    "": "postgres postgresql mysql mariadb sqlite duckdb clickhouse mongodb mongo redis memcached kafka rabbitmq nats "
    "elasticsearch opensearch snowflake bigquery docker podman kubernetes k8s k3s nginx caddy traefik aws gcp azure "
    "heroku vercel netlify hetzner cloudflare linode digitalocean fly.io render grafana prometheus vault ansible "
    "ansible-vault graphql grpc protobuf python node nodejs java kotlin rust golang typescript javascript ruby rails "
    "php laravel swift elixir scala julia haskell mqtt github gitlab bitbucket jira linear zotero biber sphinx mkdocs "
    "prettier black celery numpy scipy jupyter raspberry ubuntu debian alpine fedora android ios chromium webkit "
    "firefox chrome safari slack teams mattermost discord zulip matrix telegram s3 lambda dynamodb supabase firebase "
    "wandb mlflow dvc",
}
"""Names of tools by the class in which a project usually picks one."""

TOOL_CLASS: dict[str, str] = {name: kind for kind, names in TOOLS.items() for name in names.split()}

SLOTS = frozenset(
    "backbone toolchain broker warehouse framework database db orm bundler linter formatter registry license "
    "licence locale timezone language supervisor reader maintainer owner contact reviewer lead deadline budget stack "
    "engine runtime compiler optimizer optimiser scheduler queue cache cluster host domain dns region branch cdn model "
    "dataset target board mcu sensor probe display modem os distro kernel shell editor theme palette font encoding "
    "protocol transport format layout schema spelling convention style standard naming retention window quota "
    "rate limit cap interval schedule port url endpoint hostname path bucket volume account tenant customer client "
    "vendor supplier provider baseline metric loss seed split backup backups staging production prod api server "
    "backend "
    "frontend proxy gateway webhook topic channel repo repository monorepo env environment version release ticket "
    "tracker emulator simulator cpu gpu box device firmware bootloader pin pins baud rotation embargo sla slo oncall "
    "team office venue audience journal conference chapter appendix submission review license pipeline job nightly "
    "data files tables columns units amounts currency prices timestamps dates ids tokens sessions logs".split()
)
"""Nouns that a project has one of: "the <noun> is …" states something of the project, not of the moment."""
