/** Signing in. */

export const signIn = {
  title: "Sign in to Postroom",
  lead: "Your workspace's mail, in one place.",
  email: "Email",
  password: "Password",
  submit: "Sign in",
  working: "Signing in…",
  withLink: "Signing you in with the link…",
  linkFailed: "This sign-in link can't be used",
  linkAdvice: "A link works once and only for a while. Sign in below, or ask an administrator to invite you again; the first one starts the server anew for a link.",
  hint: "On first start the server prints a sign-in link and the administrator's password.",
  failed: "Could not sign in",
  expired: "Your session has ended. Sign in again; drafts are kept in this browser.",
};
