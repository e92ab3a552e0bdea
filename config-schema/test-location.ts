// Which file of the project does a path, or a stack trace, mean?

/** Without `./`, `file://` and the working directory in front. What lies elsewhere stays as it is. */
export function projectPath(path: string, workingDirectory: string): string {
  let rest = path.trim().replace(/^file:\/\//, '');
  const folder = workingDirectory.replace(/\/+$/, '');
  if (folder !== '' && rest.startsWith(`${folder}/`)) rest = rest.slice(folder.length + 1);
  return rest.replace(/^(\.\/+)+/, '');
}

// `path/file.ext:LINE` as most write it, or Python's `File "path/file.py", line LINE`.
const location = /(?:^|[\s("'[<])((?:file:\/\/)?\.{0,2}\/?(?:[\w@+-][\w@.+-]*\/)*[\w@+-][\w@.+-]*\.[A-Za-z]\w{0,9})(?::(\d{1,7})|", line (\d{1,7}))/g;

/** The first place in the trace within the project, not in what it installed; only of `file`, when that is known. */
export function findLocation(trace: string, workingDirectory: string, file: string | null): { file: string; line: number } | null {
  for (const [whole, path = '', line, pythonLine] of trace.matchAll(location)) {
    const found = projectPath(path, workingDirectory);
    // Java and Go name the file without its folder, in the middle of a line; what stands in the project's own folder begins a line.
    if (!found.includes('/') && !/^\n?[\w@+-]/.test(whole)) continue;
    const isForeign = /^(\/|\.\.)|(^|\/)(node_modules|vendor|site-packages|dist-packages|gems)\/|^[^/]*\.(com|org|net|io|local|internal)$/.test(found);
    if (isForeign || (file !== null && found !== file)) continue;
    return { file: found, line: Number(line ?? pythonLine) };
  }
  return null;
}
