// How does a step's output get from the agent into the log, whatever breaks in between?

import { setTimeout as sleep } from 'node:timers/promises';
import { AgentUnreachable, connectAgent, type AgentClient, type EndedStep } from '../../sandbox-agent/client.ts';
import type { StepSpec } from '../../sandbox-agent/protocol.ts';
import type { Mask } from './masking.ts';
import type { SandboxHandle } from './sandbox.ts';
import type { StepLog } from './step-log.ts';

/** The agent answers no more and its container has ended. */
export class AgentGone extends Error {
  override name = 'AgentGone';
}

/** Without an answer for so long the agent is taken for gone although its container runs. */
const patienceMs = 20_000;

/** One connection to a sandbox's agent, made when it is needed and again when it breaks. */
export class AgentLine {
  readonly #handle: SandboxHandle;
  readonly #isRunning: () => Promise<boolean>;
  readonly #onConnect: (agent: AgentClient) => Promise<void>;
  #agent: Promise<AgentClient> | null = null;
  #ended = false;

  constructor(handle: SandboxHandle, isRunning: () => Promise<boolean>, onConnect: (agent: AgentClient) => Promise<void>) {
    this.#handle = handle;
    this.#isRunning = isRunning;
    this.#onConnect = onConnect;
  }

  /** Does the work with the agent; on a broken connection again with a new one. Throws AgentGone when there is no agent any more. */
  async use<T>(work: (agent: AgentClient) => Promise<T>): Promise<T> {
    let unreachableSince: number | null = null;
    for (;;) {
      if (this.#ended) throw new Error(`the line to sandbox ${this.#handle.name} is closed`);
      try {
        const agent = await this.#connected();
        unreachableSince = null;
        return await work(agent);
      } catch (error) {
        if (!(error instanceof AgentUnreachable) || this.#ended) throw error;
        this.#agent = null;
        unreachableSince ??= Date.now();
        if (!(await this.#isRunning()) || Date.now() - unreachableSince > patienceMs) {
          throw new AgentGone(`the agent of sandbox ${this.#handle.name} is gone`, { cause: error });
        }
        await sleep(100);
      }
    }
  }

  /** What is under way rejects; the agent and its steps go on. */
  async end(): Promise<void> {
    this.#ended = true;
    const agent = await this.#agent?.catch(() => null);
    this.#agent = null;
    agent?.end();
  }

  #connected(): Promise<AgentClient> {
    this.#agent ??= (async () => {
      const agent = await connectAgent({ socketPath: this.#handle.agentSocket, clientKey: this.#handle.clientKey, hostKey: this.#handle.hostKey });
      await this.#onConnect(agent);
      return agent;
    })();
    return this.#agent;
  }
}

/**
 * Starts the step unless it was started, and moves its output, masked, into the log until both have ended. What the mask holds back is
 * safe nowhere yet, so the agent keeps it; and because a mask changes no lengths, the log's size is the place where to go on.
 */
export async function pumpStep(line: AgentLine, index: number, spec: StepSpec | null, log: StepLog, newMask: () => Mask): Promise<EndedStep> {
  if (spec) await line.use((agent) => agent.start(spec));
  try {
    return await line.use(async (agent) => {
      const mask = newMask();
      const append = async (bytes: Buffer): Promise<number> => {
        if (bytes.length > 0) await log.append(bytes);
        return log.size;
      };
      const ended = await agent.attach(index, log.size, (bytes) => append(mask.push(bytes)));
      await append(mask.end());
      return ended;
    });
  } finally {
    await log.end();
  }
}
