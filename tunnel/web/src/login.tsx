// The login page. What the server says about a refusal is shown as it is.
import { useEffect, useRef, useState } from "preact/hooks";
import { login } from "./api.ts";
import { Mark } from "./mark.tsx";

interface LoginProps {
  note?: string | undefined;
  onSignedIn: () => void;
}

export function LoginView({ note, onSignedIn }: LoginProps) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);
  const user = useRef<HTMLInputElement>(null);

  useEffect(() => password.current?.focus(), []);

  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      await login(user.current?.value.trim() ?? "", password.current?.value ?? "");
      onSignedIn();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
      password.current?.select();
    }
  }

  return (
    <div class="centre">
      <form class="card login" onSubmit={submit} aria-labelledby="login-title">
        <h1 id="login-title">
          <Mark />
        </h1>
        {note && problem === "" && (
          <p class="quiet" role="status">
            {note}
          </p>
        )}
        <label>
          User
          <input ref={user} name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required value="admin" />
        </label>
        <label>
          Password
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p class="quiet small">
          The server printed the password when it first started; <code>oxprobe-tunnel passwd</code> sets a new one.
        </p>
      </form>
    </div>
  );
}
