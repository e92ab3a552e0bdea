// How does a person prove to us who they are on GitHub?

import { Octokit } from '@octokit/core';

/** The App's client. */
export type GitHubAppClient = { clientId: string; clientSecret: string };

const timeoutMs = 15_000;

/**
 * The web application flow of GitHub Apps ("Generating a user access token for a GitHub App"), with PKCE. The person's token is used
 * for the one question who it is, and forgotten.
 */
export function githubSignIn({ clientId, clientSecret }: GitHubAppClient, { host, protocol }: { host: string | null; protocol: 'https' | 'http' }) {
  const html = `${protocol}://${host ?? 'github.com'}`;
  const api = host === null ? 'https://api.github.com' : `${html}/api/v3`;

  async function exchange(code: string, verifier: string, redirectUri: string): Promise<string | null> {
    const answer = await fetch(`${html}/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'user-agent': 'roundhouse' },
      body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, code, redirect_uri: redirectUri, code_verifier: verifier }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!answer.ok) throw new Error(`GitHub answered ${answer.status} to the code of a sign-in`);
    const { access_token: token, error, error_description: description } = (await answer.json()) as { access_token?: string; error?: string; error_description?: string };
    if (token) return token;
    if (error === 'bad_verification_code') return null;
    throw new Error(`GitHub refused a sign-in: ${error}: ${description}${error === 'incorrect_client_credentials' ? ' Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET to what the App’s page on GitHub shows.' : ''}`);
  }

  return {
    address({ state, challenge, redirectUri }: { state: string; challenge: string; redirectUri: string }): string {
      const query = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, state, code_challenge: challenge, code_challenge_method: 'S256' });
      return `${html}/login/oauth/authorize?${query}`;
    },

    async personOf({ code, verifier, redirectUri }: { code: string; verifier: string; redirectUri: string }): Promise<{ id: number; login: string } | null> {
      const token = await exchange(code, verifier, redirectUri);
      if (token === null) return null;
      const request = { fetch: (url: string, init: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) }) };
      const { data } = await new Octokit({ baseUrl: api, userAgent: 'roundhouse', auth: token, request }).request('GET /user');
      return { id: Number(data.id), login: data.login };
    },
  };
}
