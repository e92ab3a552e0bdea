// How do a builder and the agent in its sandbox talk? One ssh connection on a unix socket, a few `exec` commands.
//
//   start          stdin: one StepSpec as JSON, then EOF. stdout: StepState. Starting an index again changes nothing and answers its state.
//   attach I FROM  stdout: the bytes of step I's output from byte FROM on, as they come; ends (exit status 0) when the step has ended and
//                  all of it was sent. stdin: lines "ACK N": the builder has bytes below N safe, the spool may forget them.
//                  stderr, at the end: one StepState as JSON.
//   kill I GRACE   SIGTERM to every process of step I, SIGKILL after GRACE milliseconds; answers (StepState) when none is left.
//   tool           stdin: one ToolSpec as JSON, then EOF. stdout: a line {"socket": NAME}, a socket in the folder of the agent's own; and when
//                  the program has ended, a line ToolEnd. The program starts when somebody connects to the socket, and has the connection
//                  itself as its standard input or output. When the channel closes before the program has ended, it is killed.
//   mount          stdin: one MountSpec as JSON, then EOF. stdout: MountAnswer.
//   status         stdout: AgentStatus.
//
// Besides, the builder asks for `streamlocal-forward@openssh.com` of two sockets, whose connections inside the sandbox become channels
// to the builder:
//   gitSocket       first the request of git's own protocol, `git-upload-pack /OWNER/NAME`, then what `git upload-pack` speaks
//   sshAgentSocket  OpenSSH's agent protocol: the builder holds the keys and signs. It is there only in jobs that ask for keys
// An error of the caller's (unknown step, bad JSON) ends the command with exit status 2 and a sentence on stderr; one of the agent's with 1.

export const protocolVersion = 1;

/** Where things lie inside every sandbox. Both folders are bind mounts; `agent` is read-only. */
export const paths = {
  /** The agent bundle, its Node and loader; read-only. */
  agent: '/opt/roundhouse',
  /** Socket, host key and authorized key of this sandbox; the host sees it as the sandbox's `run` folder. */
  run: '/run/roundhouse',
  agentSocket: '/run/roundhouse/agent.sock',
  hostKey: '/run/roundhouse/host_key',
  authorizedKey: '/run/roundhouse/authorized_key',
  gitSocket: '/run/roundhouse/git.sock',
  /** What SSH_AUTH_SOCK of a step says that may use keys. */
  sshAgentSocket: '/run/roundhouse/ssh-agent.sock',
  /** Objects of the repository's mirror, read-only; an alternate of the checkout. Absent when the job has no checkout. */
  mirror: '/run/roundhouse-mirror',
  /** A folder that any user may write to; the agent makes it when it starts. */
  taskData: '/tmp/.roundhouse',
  /** Times of earlier test runs, for `circleci tests split`. Not in taskData, where each user may write. */
  timings: '/run/roundhouse-timings.json',
  /** What BASH_ENV says; empty at first. */
  bashEnv: '/tmp/.roundhouse/bash_env',
  /** The commands `circleci`, `circleci-agent` and `roundhouse`; on the PATH of each step. */
  bin: '/opt/roundhouse/bin',
  /** Unpacked caches of the builder, a folder for each trust level that the job may read; read-only. */
  caches: '/run/roundhouse-caches',
  /** On the sandbox's own disk, outside the overlay: what is written to mounted caches. */
  scratch: '/run/roundhouse-scratch',
} as const;

/** The agent from a folder that scripts/build-agent made. Loader and libraries are its own: it needs nothing of the image. */
export const agentArguments = (folder: string): string[] => [
  `${folder}/lib/loader`,
  '--library-path',
  `${folder}/lib`,
  `${folder}/node`,
  // Buffers of sent output are collected after 1 MiB of small objects instead of 16: 30 MB less under load.
  '--max-semi-space-size=1',
  `${folder}/agent.cjs`,
];

/** The command line of a program that bytes go through. */
export const agentProgram = (folder: string, program: ToolSpec['program']): string[] =>
  program === 'tar' ? [`${folder}/lib/loader`, '--library-path', `${folder}/lib`, `${folder}/tar`] : [`${folder}/lib/loader`, '--library-path', `${folder}/lib`, `${folder}/node`, `${folder}/helper.cjs`];

/** What a sandbox's container runs. */
export const agentCommand: readonly string[] = [`${paths.agent}/tini`, '--', ...agentArguments(paths.agent)];

/**
 * What a container runs besides steps: the primary beside the agent, a sidecar in its place. It comes as JSON on the standard input of
 * the agent (started with `--main`) or of `starterCommand`, so that its environment lies nowhere. The agent answers nobody before the
 * file `makes` is there, or the process gone, or ten seconds over: no step comes before what it needs.
 */
export type MainProcess = { argv: string[]; env: Record<string, string>; cwd: string; user: string; makes: string | null };

/**
 * What a sidecar's container runs. It says on its standard error that it is there, by an empty line, then reads, and says how it went: by
 * an empty line again, or why the process could not be started, which then stands in the output, too. It becomes that process, with
 * its standard output for both.
 */
export const starterCommand: readonly string[] = [`${paths.agent}/tini`, '--', `${paths.agent}/lib/loader`, '--library-path', `${paths.agent}/lib`, `${paths.agent}/node`, `${paths.agent}/starter.cjs`];

/**
 * The output of container I's main process, 0 being the primary, in the folder `paths.run`. A pipe, which the host makes before the agent
 * starts; and two files of at most half of `keptOutputBytes` that take turns, into which the agent copies it. Each begins with 16 digits:
 * at which byte of the whole output it begins.
 */
export const mainOutput = (container: number): { pipe: string; files: [string, string] } => ({ pipe: `main-${container}.pipe`, files: [`main-${container}.a`, `main-${container}.b`] });
export const keptOutputBytes = 1024 * 1024;
export const keptHeaderBytes = 16;

/**
 * What git in a sandbox runs to reach gitSocket: as its GIT_SSH_COMMAND, whatever host it names (GIT_SSH_VARIANT=simple saves git a
 * question), or as its core.gitProxy for `git://roundhouse/…`.
 */
export const gitConnectCommand = `${paths.agent}/git-connect`;

/** A step's process blocks when so many bytes of its output are unacknowledged. */
export const spoolBytes = 16 * 1024 * 1024;

export type StepSpec = {
  index: number;
  /** The program and its arguments; `argv[0]` is looked up in the step's PATH. */
  argv: string[];
  /** The whole environment of the step; the agent adds nothing but HOME, USER, PATH and PWD where they are absent, and its mark, ROUNDHOUSE_STEP. */
  env: Record<string, string>;
  /** Absolute, or beginning with `~`. Made when it is missing, as the step's user. */
  cwd: string;
  /** A name or number in the sandbox's passwd file, with `:group` perhaps. Absent: the agent's own, root. */
  user?: string;
  background: boolean;
  /** null: no limit. Exceeding it is SIGTERM, 10 s of grace, SIGKILL and the state 'timed-out'. */
  noOutputTimeoutSeconds: number | null;
};

export type StepState =
  | { index: number; state: 'running' }
  | {
      index: number;
      state: 'ended';
      /** 'killed' only by the kill command; a signal from elsewhere is 'exited' with `signal`. */
      how: 'exited' | 'timed-out' | 'killed' | 'not-started';
      exitCode: number | null;
      signal: string | null;
      durationMs: number;
      /** Bytes of output in all. */
      outputBytes: number;
      /** The step has made the file that its ROUNDHOUSE_HALT_FILE names: the job shall end here. */
      halted?: true;
      /** It, or one before it, has made the file that its ROUNDHOUSE_CONTINUATION_FILE names. */
      continued?: true;
      /** For 'not-started' (no such program or folder): the sentence. */
      reason?: string;
      /** Processes of the step that the kernel's OOM killer took; null where the agent cannot see it (the builder can). */
      oomKills?: number | null;
    };

/** A program of the agent's own folder, for bytes that go between sandbox and builder. */
export type ToolSpec = {
  /** GNU tar, or the helper of `sandbox-agent/helper/`. */
  program: 'tar' | 'helper';
  args: string[];
  /** As in StepSpec. */
  cwd: string;
  user?: string;
  /** What the connection is to the program: its standard input, its standard output, or both. */
  stream: 'in' | 'out' | 'both';
};

export type ToolEnd = {
  exitCode: number | null;
  signal: string | null;
  /** The last 16 KiB of what it said on stderr. */
  errors: string;
};

/**
 * The helper's `artifactContents` answers pieces, each with its length before it (4 bytes, the highest first). Two lengths mean something
 * else: a file ends; a file cannot be read, and the piece that follows says why.
 */
export const pieceMarks = { endOfFile: 0, unreadable: 0xffffffff } as const;

/** An overlay on `target`, whose lower layer is `lower`, below `paths.caches`; what is written goes to `paths.scratch`. */
export type MountSpec = { lower: string; target: string; /** Owner of the folders that are made on the way to the target. */ user?: string };

/** `refused`: why it was not mounted, in words. The target is as it was then. */
export type MountAnswer = { mounted: true } | { mounted: false; refused: string };

export type AgentStatus = { version: typeof protocolVersion; steps: StepState[] };
