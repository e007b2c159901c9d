"""The plugin by which OpenCode runs hooks: it has no commands for them, but loads JavaScript."""

from __future__ import annotations

import json

from sidecar.install.program import Program

PLUGIN_MARK = "The hooks of sidecar for OpenCode"

_PLUGIN = """\
// The hooks of sidecar for OpenCode; `sidecar uninstall opencode` takes this file away.
import { spawn } from "node:child_process"

const PROGRAM = @PROGRAM@
const LIMIT_MS = 1000 // sidecar ends by itself after 300 ms; this is for a machine that is busy

// What sidecar has to say to an event; never an error, and nothing rather than late.
const ask = (event, payload) =>
  new Promise((resolve) => {
    let said = ""
    try {
      const child = spawn(PROGRAM[0], [...PROGRAM.slice(1), "hook", event, "--agent", "opencode"], {
        stdio: ["pipe", "pipe", "ignore"],
      })
      const timer = setTimeout(() => {
        child.kill("SIGKILL")
        resolve("")
      }, LIMIT_MS)
      child.on("error", () => resolve(""))
      child.on("close", () => {
        clearTimeout(timer)
        resolve(said)
      })
      child.stdout.setEncoding("utf8")
      child.stdout.on("data", (piece) => (said += piece))
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify(payload))
    } catch {
      resolve("")
    }
  })

const seen = new Set()

export const Sidecar = async ({ directory }) => ({
  "chat.message": async (input, output) => {
    try {
      const typed = (output.parts ?? []).filter((part) => part.type === "text" && !part.synthetic)
      if (!typed.length) return
      const payload = { session_id: input.sessionID, cwd: directory }
      const known = []
      if (!seen.has(input.sessionID)) known.push(await ask("start", { ...payload, source: "startup" }))
      seen.add(input.sessionID)
      known.push(await ask("prompt", { ...payload, prompt: typed.map((part) => part.text).join("\\n") }))
      const text = known.filter(Boolean).join("\\n")
      if (text) typed[typed.length - 1].text += "\\n\\n" + text
    } catch {}
  },
  event: async ({ event }) => {
    const session = event?.properties?.sessionID
    if (session && event.type === "session.idle") await ask("idle", { session_id: session, cwd: directory })
  },
  "experimental.session.compacting": async (input) => {
    await ask("compact", { session_id: input?.sessionID, cwd: directory })
  },
})
"""


def plugin(program: Program) -> str:
    """The plugin's source for a program."""
    return _PLUGIN.replace("@PROGRAM@", json.dumps(list(program.words), ensure_ascii=False))
