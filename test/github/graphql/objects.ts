// What can be asked of commits, trees, blobs and tags?

import { fullName, type Repository } from '../state.ts';
import { type Commit, type Person, type TreeEntry, git, listTree, log, objectType, readBlob, readCommit, readPath, resolveCommit, shaPattern } from '../git.ts';
import { nodeId } from '../shapes.ts';
import { findByEmail } from '../push.ts';
import { connection, type Page } from './connection.ts';
import { type Context, type Fields, need } from './context.ts';
import { pullsWith } from './pulls.ts';

/** Blobs beyond this are cut, and say so. */
const longestTextBytes = 512_000;

export async function objectOf(context: Context, of: Repository, sha: string): Promise<Fields | null> {
  switch (await objectType(of.path, sha)) {
    case 'commit': {
      const data = await readCommit(of.path, sha);
      return data === null ? null : commit(context, of, data);
    }
    case 'blob':
      return blob(context, of, sha);
    case 'tree':
      return tree(context, of, sha, '');
    case 'tag':
      return tag(context, of, sha);
    default:
      return null;
  }
}

export async function objectByExpression(context: Context, of: Repository, expression: string): Promise<Fields | null> {
  const colon = expression.indexOf(':');
  const sha = await resolveCommit(of.path, colon < 0 ? expression : expression.slice(0, colon), of.defaultBranch);
  if (sha === null) return shaPattern.test(expression) ? objectOf(context, of, expression) : null;
  if (colon < 0) return objectOf(context, of, sha);
  const entry = await readPath(of.path, sha, expression.slice(colon + 1));
  return entry === null ? null : entryObject(context, of, entry);
}

/** A submodule's commit is not in this repository. */
function entryObject(context: Context, of: Repository, entry: TreeEntry): Fields | Promise<Fields> | null {
  return entry.type === 'tree' ? tree(context, of, entry.sha, entry.path) : entry.type === 'blob' ? blob(context, of, entry.sha) : null;
}

const gitObject = ({ world, types }: Context, of: Repository, kind: string, sha: string): Fields => ({
  id: nodeId(kind, of.id),
  oid: sha,
  abbreviatedOid: sha.slice(0, 7),
  commitUrl: `${world.html}/${fullName(of)}/commit/${sha}`,
  commitResourcePath: `/${fullName(of)}/commit/${sha}`,
  repository: () => types.repository(of),
});

function commit(context: Context, of: Repository, data: Commit): Fields {
  const { world } = context;
  const [headline = '', ...rest] = data.message.split('\n');
  return {
    ...gitObject(context, of, 'C', data.sha),
    __typename: 'Commit',
    message: data.message,
    messageHeadline: headline,
    messageBody: rest.join('\n').trim(),
    author: actor(context, data.author),
    committer: actor(context, data.committer),
    authoredDate: data.author.date,
    committedDate: data.committer.date,
    url: `${world.html}/${fullName(of)}/commit/${data.sha}`,
    resourcePath: `/${fullName(of)}/commit/${data.sha}`,
    treeUrl: `${world.html}/${fullName(of)}/tree/${data.sha}`,
    tree: () => tree(context, of, data.tree, ''),
    parents: (page: Page) => connection('parents', page, data.parents, (sha) => objectOf(context, of, sha)),
    async file({ path }: { path: string }) {
      const entry = await readPath(of.path, data.sha, path);
      return entry === null || entry.path === '' ? null : treeEntry(context, of, entry);
    },
    history: async (page: Page) => connection('history', page, await log(of.path, [data.sha, '--']), (each) => commit(context, of, each)),
    changedFilesIfAvailable: data.added.length + data.removed.length + data.modified.length,
    associatedPullRequests(page: Page) {
      need(context, of, 'pull_requests');
      return pullsWith(context, of, data.sha, page);
    },
    signature: null,
  };
}

function actor({ world, types }: Context, person: Person): Fields {
  return {
    __typename: 'GitActor',
    name: person.name,
    email: person.email,
    date: person.date,
    avatarUrl: `${world.html}/avatars/u/0`,
    user() {
      const found = findByEmail(world, person.email);
      return found === undefined ? null : types.account(found);
    },
  };
}

async function tag(context: Context, of: Repository, sha: string): Promise<Fields> {
  const [head = '', ...body] = (await git(of.path, ['cat-file', 'tag', sha])).split('\n\n');
  const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(head)?.[1] ?? '';
  return { ...gitObject(context, of, 'TA', sha), __typename: 'Tag', name: field('tag'), message: body.join('\n\n').trim(), target: () => objectOf(context, of, field('object')) };
}

function tree(context: Context, of: Repository, sha: string, path: string): Fields {
  return {
    ...gitObject(context, of, 'T', sha),
    __typename: 'Tree',
    entries: async () => (await listTree(of.path, sha, [], path)).map((entry) => treeEntry(context, of, entry)),
  };
}

function treeEntry(context: Context, of: Repository, entry: TreeEntry): Fields {
  const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return {
    __typename: 'TreeEntry',
    name,
    nameRaw: Buffer.from(name).toString('base64'),
    path: entry.path,
    pathRaw: Buffer.from(entry.path).toString('base64'),
    mode: Number.parseInt(entry.mode, 8),
    type: entry.type,
    oid: entry.sha,
    size: entry.size ?? 0,
    extension: dot > 0 ? name.slice(dot) : '',
    isGenerated: false,
    repository: () => context.types.repository(of),
    submodule: null,
    object: () => entryObject(context, of, entry),
  };
}

async function blob(context: Context, of: Repository, sha: string): Promise<Fields> {
  const content = await readBlob(of.path, sha);
  // git's own rule: a NUL byte near the beginning.
  const isBinary = content.subarray(0, 8_000).includes(0);
  return {
    ...gitObject(context, of, 'B', sha),
    __typename: 'Blob',
    byteSize: content.length,
    isBinary,
    isTruncated: !isBinary && content.length > longestTextBytes,
    text: isBinary ? null : content.subarray(0, longestTextBytes).toString('utf8'),
  };
}
