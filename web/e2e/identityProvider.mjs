/** A real OpenID Connect provider: panva's, which is certified. People sign in with any name; their address is made of it. */

import { createServer } from "node:http";
import { Provider } from "oidc-provider";

/** Another site than the dashboard's, as providers are. */
const HOST = "127.0.0.2";

export async function startIdentityProvider(redirectUri) {
  const client = { client_id: "postroom", client_secret: "a-secret-of-the-provider", redirect_uris: [redirectUri] };
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, HOST, resolve));
  const issuer = `http://${HOST}:${server.address().port}`;
  const unverified = new Set();
  const provider = new Provider(issuer, {
    clients: [{ ...client, grant_types: ["authorization_code"], response_types: ["code"] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    pkce: { required: () => true },
    cookies: { keys: ["a key of the provider's cookies"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: `subject-of-${id}`, email: `${id}@example.org`, email_verified: !unverified.has(id), name: `${id} of the provider` }),
    }),
  });
  server.on("request", provider.callback());
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { issuer, client, unverified, stop };
}
