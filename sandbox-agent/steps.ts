// Which steps does this sandbox know?

import type { AgentStatus, StepSpec } from './protocol.ts';
import { protocolVersion } from './protocol.ts';
import type { Step, StepPorts } from './step.ts';
import { startStep } from './step.ts';

export type StepTable = {
  /** A second start of an index answers the step of the first, whatever the second's spec says. */
  start(spec: StepSpec): Step;
  find(index: number): Step | undefined;
  status(): AgentStatus;
  abandon(): void;
};

export function stepTable(ports: StepPorts): StepTable {
  const steps = new Map<number, Step>();
  return {
    start(spec) {
      const step = steps.get(spec.index) ?? startStep(spec, ports);
      steps.set(spec.index, step);
      return step;
    },
    find: (index) => steps.get(index),
    status: () => ({ version: protocolVersion, steps: [...steps.values()].map((step) => step.state()) }),
    abandon() {
      for (const step of steps.values()) step.abandon();
    },
  };
}
