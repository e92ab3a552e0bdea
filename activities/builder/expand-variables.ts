// What becomes of `$NAME` in the few places of a config where variables are put in?

/** `$NAME` and `${NAME}`; any other `$` stays. A variable that is unknown is a problem: an empty password would only be refused later. */
export function expandVariables(text: string, variables: Record<string, string>): { text: string } | { problem: string } {
  const unknown = new Set<string>();
  const expanded = text.replace(/\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g, (whole, braced: string | undefined, bare: string | undefined) => {
    const name = (braced ?? bare)!;
    if (Object.hasOwn(variables, name)) return variables[name]!;
    unknown.add(name);
    return whole;
  });
  if (unknown.size === 0) return { text: expanded };
  const names = [...unknown].map((name) => `$${name}`).join(', ');
  return { problem: `there is no variable ${names}. Set it for the repository, or in a context that the job names.` };
}
