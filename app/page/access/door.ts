// By which ways do people and their programs come in to the page?

import type { Audit } from '../../../activities/control/audit.ts';
import type { ObjectStore } from '../../../activities/object-store.ts';
import { atLeast } from './access.ts';
import type { Access, KnownRepository, Person, Viewer } from './access.ts';
import { githubAccess, sessionViewer, tokenViewer } from './github-access.ts';
import { localAccessWith } from './local.ts';
import { operatorsOf } from './operators.ts';
import { permissionsOf, type GitHubPermissions, type Permissions } from './permissions.ts';
import { keptSessions, type Sessions } from './sessions.ts';
import { signInStates } from './sign-in-state.ts';
import { tickets, type Tickets } from './tickets.ts';
import { keptTokens, type Tokens } from './tokens.ts';

/** GitHub's web application flow, with PKCE. */
export type GitHubSignIn = {
  /** Where the browser goes. GitHub sends it to `redirectUri` with a code and the state. */
  address(asked: { state: string; challenge: string; redirectUri: string }): string;
  /** Whose code it is; null for one that GitHub does not take. Throws when GitHub cannot be asked. No token of the person's is kept. */
  personOf(answer: { code: string; verifier: string; redirectUri: string }): Promise<Person | null>;
};

export type DoorPorts = {
  store: Pick<ObjectStore, 'get' | 'put' | 'delete' | 'list'>;
  audit: Audit;
  settings: { publicUrl: string; host: string; port: number; sessionDays: number; operators: readonly string[]; anonymousReads: boolean };
  /** null: there is no App with a client by which people could sign in. */
  github: (GitHubPermissions & GitHubSignIn & { clientSecret: string }) | null;
  log: { warn(fields: object, message: string): void };
  now?: () => number;
};

export type Door = {
  access: Access;
  /** Whose program comes by a token; `refused` says why none does. */
  viewerOfToken(secret: string): Promise<Viewer | { refused: string }>;
  sessions: Sessions;
  tokens: Tokens;
  tickets: Tickets;
  audit: Audit;
  publicUrl: string;
  /** Where the page answers for whoever sits at this machine. */
  localUrl: string;
  /** How people sign in; null: they do not. */
  signIn: (GitHubSignIn & { states: ReturnType<typeof signInStates>; isOperator(person: Person): Promise<boolean> }) | null;
  /** Whether anybody may see the repository; false where GitHub is not asked. Throws GitHubIsAway. */
  isPublic(repository: KnownRepository): Promise<boolean>;
  /** For the address of a badge, which others see: whether this token shows this repository's, by what its person may read now. */
  mayShowBadge(token: string, repository: KnownRepository): Promise<boolean>;
  /** For an address that another program calls: whose token it is, if it starts pipelines of this repository and its person may write there now. */
  mayTrigger(token: string, repository: KnownRepository): Promise<Person | null>;
  /** Removes sessions and tokens whose time is over. */
  collect(): Promise<void>;
  /** Ends what is kept of a person. */
  forget(personId: number): Promise<void>;
};

export function openDoor({ store, audit, settings, github, log, now = Date.now }: DoorPorts): Door {
  const { publicUrl, host, port, sessionDays, operators: named, anonymousReads } = settings;
  const sessions = keptSessions({ store, sessionDays, now });
  const tokens = keptTokens({ store, now });
  const common = {
    sessions,
    tokens,
    tickets: tickets(now),
    audit,
    publicUrl,
    localUrl: localUrlOf(host, port),
    async collect(): Promise<void> {
      await sessions.list();
      await tokens.list();
    },
    async forget(personId: number): Promise<void> {
      await sessions.endAll(({ person }) => person?.id === personId);
      for (const token of await tokens.list()) if (token.person.id === personId) await tokens.end(token.key);
    },
  };
  if (!github) {
    const access = localAccessWith({ publicUrl, sessionViewer: sessionViewer({ sessions, operators: null, publicUrl, log }) });
    return { ...common, access, viewerOfToken: () => Promise.resolve({ refused: 'Tokens are for people who sign in with GitHub, and there is no signing in here yet: finish the setup on the page.' }), signIn: null, isPublic: () => Promise.resolve(false), mayShowBadge: () => Promise.resolve(false), mayTrigger: () => Promise.resolve(null) };
  }
  const operators = operatorsOf({ github, named, now, log });
  const permissions = permissionsOf({ github, now, log });
  return {
    ...common,
    viewerOfToken: tokenViewer({ tokens, log }),
    access: githubAccess({ sessions, tokens, operators, permissions, publicUrl, anonymousReads, log }),
    signIn: { address: github.address, personOf: github.personOf, states: signInStates({ key: github.clientSecret, now }), isOperator: operators.is },
    isPublic: permissions.isPublic,
    mayShowBadge: (token, repository) => mayShowBadge({ tokens, permissions }, token, repository),
    mayTrigger: (token, repository) => mayTrigger({ tokens, permissions }, token, repository),
  };
}

async function mayShowBadge({ tokens, permissions }: { tokens: Tokens; permissions: Permissions }, secret: string, repository: KnownRepository): Promise<boolean> {
  const token = await tokens.find(secret);
  if (token?.kind !== 'badge' || (token.repository !== null && token.repository.id !== repository.id)) return false;
  await tokens.use(token);
  return (await permissions.of(token.person, repository)) !== 'none';
}

async function mayTrigger({ tokens, permissions }: { tokens: Tokens; permissions: Permissions }, secret: string, repository: KnownRepository): Promise<Person | null> {
  const token = await tokens.find(secret);
  if (token?.kind !== 'trigger' || token.repository?.id !== repository.id) return null;
  await tokens.use(token);
  return atLeast(await permissions.of(token.person, repository), 'write') ? token.person : null;
}

/** A server that listens everywhere answers at this machine too. */
function localUrlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
