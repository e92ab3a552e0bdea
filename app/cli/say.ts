// Where does a command say something, and where does it answer?

/** To the person: what is done, and what to do next. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The answer, which a script may read. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`);
