// What may be read of files and folders?

import type { Answer, Call, Route } from './route.ts';
import { notFound, repoUrl, useRepository } from './route.ts';
import { HttpError } from '../http-error.ts';
import type { Repository } from '../state.ts';
import { fullName } from '../state.ts';
import { listTree, objectType, readBlob, readPath, resolveCommit, type TreeEntry } from '../git.ts';
import { nodeId } from '../shapes.ts';

type Json = Record<string, unknown>;

export const contentRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}/contents/{path}', handle: getContents },
  {
    operation: 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const sha = call.path['file_sha'] ?? '';
      if ((await objectType(repository.path, sha)) !== 'blob') throw notFound();
      const content = await readBlob(repository.path, sha);
      return { status: 200, body: { sha, node_id: nodeId('B', repository.id), url: `${repoUrl(call, repository)}/git/blobs/${sha}`, size: content.length, content: content.toString('base64').replace(/.{60}/g, '$&\n'), encoding: 'base64' } };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const wanted = call.path['tree_sha'] ?? '';
      const commit = await resolveCommit(repository.path, wanted, repository.defaultBranch);
      const treeish = commit ?? ((await objectType(repository.path, wanted)) === 'tree' ? wanted : null);
      if (treeish === null) throw notFound();
      const root = await readPath(repository.path, treeish, '');
      const entries = await listTree(repository.path, treeish, call.query['recursive'] === undefined ? [] : ['-r', '-t'], '');
      const url = repoUrl(call, repository);
      return {
        status: 200,
        body: {
          sha: root?.sha ?? treeish,
          url: `${url}/git/trees/${root?.sha ?? treeish}`,
          truncated: false,
          tree: entries.map((entry) => ({ path: entry.path, mode: entry.mode, type: entry.type, sha: entry.sha, ...(entry.size === null ? {} : { size: entry.size }), ...(entry.type === 'commit' ? {} : { url: `${url}/git/${entry.type}s/${entry.sha}` }) })),
        },
      };
    },
  },
];

/** A file, with its content in base64 up to 1 MB, or a folder's entries; `Accept: …raw` gives the file's own bytes. */
async function getContents(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const ref = typeof call.query['ref'] === 'string' ? call.query['ref'] : repository.defaultBranch;
  const commit = await resolveCommit(repository.path, ref, repository.defaultBranch);
  if (commit === null) throw new HttpError(404, `No commit found for the ref ${ref}`);
  const entry = await readPath(repository.path, commit, call.path['path'] ?? '');
  if (entry === null) throw notFound();
  if (entry.type === 'tree') {
    const entries = await listTree(repository.path, entry.sha, [], entry.path);
    return { status: 200, body: entries.map((each) => entryShape(call, repository, ref, each)) };
  }
  if (entry.type !== 'blob') return { status: 200, body: entryShape(call, repository, ref, entry) };
  const content = await readBlob(repository.path, entry.sha);
  if (/application\/vnd\.github\.(v3\.)?raw/.test(call.request.headers.accept ?? '')) return { status: 200, body: content, headers: { 'Content-Type': 'application/vnd.github.raw; charset=utf-8' } };
  const small = content.length <= 1_000_000;
  return { status: 200, body: { ...entryShape(call, repository, ref, entry), content: small ? content.toString('base64').replace(/.{60}/g, '$&\n') : '', encoding: small ? 'base64' : 'none' } };
}

function entryShape(call: Call, repository: Repository, ref: string, entry: TreeEntry): Json {
  const file = entry.path.split('/').map(encodeURIComponent).join('/');
  const url = `${repoUrl(call, repository)}/contents/${file}?ref=${encodeURIComponent(ref)}`;
  const html = `${call.world.html}/${fullName(repository)}/${entry.type === 'tree' ? 'tree' : 'blob'}/${encodeURIComponent(ref)}/${file}`;
  const git = `${repoUrl(call, repository)}/git/${entry.type === 'tree' ? 'trees' : 'blobs'}/${entry.sha}`;
  return {
    name: entry.name.slice(entry.name.lastIndexOf('/') + 1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    url,
    html_url: html,
    git_url: git,
    download_url: entry.type === 'blob' ? `${call.world.html}/${fullName(repository)}/raw/${encodeURIComponent(ref)}/${file}` : null,
    type: entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : entry.mode === '120000' ? 'symlink' : 'file',
    _links: { self: url, git, html },
  };
}
