// Can this machine host sandboxes, and if not, what is to be done?

/** `detail` says how it is, also when all is well; `remedy` is a command, or what to do in words. */
export type Finding = { check: string; ok: boolean; detail: string; remedy?: string };

/** One question to the machine. To throw is an answer too: the sentence becomes the detail. */
export type Check = { name: string; look: () => Promise<Omit<Finding, 'check'>> };

/** All at once, answered in the order of the checks. Never rejects. */
export function runDoctor(checks: readonly Check[]): Promise<Finding[]> {
  return Promise.all(
    checks.map(async ({ name, look }) => {
      try {
        return { check: name, ...(await look()) };
      } catch (error) {
        const { message, cause } = error as Error;
        return { check: name, ok: false, detail: cause instanceof Error ? `${message} (${cause.message})` : message };
      }
    }),
  );
}
