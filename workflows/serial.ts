// How do the jobs of a pipeline wait for their turns in the serial groups of the organization?

import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { Outcome } from '../config-schema/outcome.ts';
import { control, type Limits, type SerialPlace } from './activities.ts';
import { serialTurn, type SerialTurn } from './messages.ts';

export type SerialTurns = {
  /**
   * Waits for the turn, within the current cancellation scope. null: it has come, or the place has it already; else how the job ends
   * instead. `say` is told why it waits, whenever that changes.
   */
  take(place: SerialPlace, limits: Limits, say: (reason: string) => void): Promise<{ outcome: Outcome; reason: string } | null>;
  /** Lets the next one have its turn. Repeatable; not cancelled with the job. */
  give(place: SerialPlace): Promise<void>;
};

/** A place that was asked for, until it is given back. */
type Asked = { place: SerialPlace; turn: SerialTurn | null; say(reason: string): void };

/** Those of one pipeline. */
export function serialTurns(): SerialTurns {
  const asked = new Map<string, Asked>();
  let times = 0;

  setHandler(serialTurn, async ({ place, turn }) => {
    const own = [...asked.values()].find((each) => each.place.holder === place.holder);
    if (!own) {
      // It was given back when this was under way.
      if (turn === true) await leave(place);
      return;
    }
    own.turn = turn;
    if (turn !== true && 'heldBy' in turn) own.say(`waits for serial group ${place.group}, which ${turn.heldBy} holds`);
  });

  async function take(wanted: SerialPlace, limits: Limits, say: (reason: string) => void): Promise<{ outcome: Outcome; reason: string } | null> {
    const { holder, group } = wanted;
    // Jobs that run again under one lock may take it at once.
    await condition(() => asked.get(holder)?.turn === true || !asked.has(holder));
    if (asked.has(holder)) return null;
    // By a name of its own each time: the turn of an earlier time, still under way, is not taken for this one's.
    const own: Asked = { place: { ...wanted, holder: `${holder}@${++times}` }, turn: null, say };
    asked.set(holder, own);
    let hasTurn = false;
    try {
      await CancellationScope.nonCancellable(() => control.joinSerialGroup(own.place));
      await condition(() => own.turn !== null && !isHeld(own.turn), limits.serialTimeoutSeconds * 1000);
      hasTurn = own.turn === true;
      if (own.turn === true) return null;
      if (own.turn && 'skipped' in own.turn) return { outcome: 'not-run', reason: own.turn.skipped };
      const heldBy = own.turn ? `; ${own.turn.heldBy} holds it` : '';
      return { outcome: 'canceled', reason: `its turn in serial group ${group} did not come within ${inWords(limits.serialTimeoutSeconds)}${heldBy}` };
    } finally {
      if (!hasTurn) await give(wanted);
    }
  }

  async function give({ holder }: SerialPlace): Promise<void> {
    const own = asked.get(holder);
    if (!own) return;
    asked.delete(holder);
    await leave(own.place);
  }

  return { take, give };
}

const leave = (place: SerialPlace): Promise<void> => CancellationScope.nonCancellable(() => control.leaveSerialGroup(place));

const isHeld = (turn: SerialTurn): boolean => turn !== true && 'heldBy' in turn;

const inWords = (seconds: number): string => (seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`);
