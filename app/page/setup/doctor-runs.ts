// What does `roundhouse doctor` say, without anybody waiting for it?

import type { Finding } from '../../../activities/builder/doctor.ts';

export type DoctorRuns = {
  /** Begins, unless it is under way. */
  look(): void;
  last(): { running: boolean; findings: readonly Finding[] | null; endedAt: string | null };
};

/** `doctor` never rejects. */
export function doctorRuns(doctor: () => Promise<Finding[]>): DoctorRuns {
  let running = false;
  let findings: readonly Finding[] | null = null;
  let endedAt: string | null = null;
  return {
    look() {
      if (running) return;
      running = true;
      void doctor()
        .catch((error: unknown): Finding[] => [{ check: 'doctor', ok: false, detail: (error as Error).message }])
        .then((found) => {
          findings = found;
          endedAt = new Date().toISOString();
          running = false;
        });
    },
    last: () => ({ running, findings, endedAt }),
  };
}
