import { type FormEvent, useState } from "react";
import { useSignIn } from "@/api/session";
import { Button } from "@/components/ui/Button";
import { TextField } from "@/components/ui/Field";
import { Logo } from "@/components/ui/Logo";
import { FieldError } from "@/components/ui/Notice";

function reasonOf(error: Error): string {
  if ("status" in error && error.status === 401) return "The name or the password is wrong.";
  return error.message;
}

/** Shown at whatever address was asked for, so that signing in leads straight there. */
export default function SignIn() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [capsLock, setCapsLock] = useState(false);
  const signIn = useSignIn();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ username: username.trim(), password });
  };

  return (
    <main className="grid min-h-dvh place-items-center px-5 py-10">
      <title>Sign in · autosclaw</title>
      <div className="w-full max-w-80 pb-[8vh]">
        <div className="mb-6 flex items-center gap-3">
          <Logo size={32} />
          <h1 className="text-xl font-semibold tracking-tight">autosclaw</h1>
        </div>
        <form onSubmit={submit} className="flex flex-col gap-4">
          <TextField
            label="Name"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            hint={capsLock ? "Caps Lock is on." : undefined}
            onChange={(event) => setPassword(event.target.value)}
            onKeyUp={(event) => setCapsLock(event.getModifierState("CapsLock"))}
          />
          {signIn.error && <FieldError>{reasonOf(signIn.error)}</FieldError>}
          <Button type="submit" kind="primary" disabled={signIn.isPending} className="min-h-9">
            {signIn.isPending ? "Signing in…" : "Sign in"}
          </Button>
        </form>
      </div>
    </main>
  );
}
