// What does a reader of logs want to be remembered?

const key = 'log';
const known = { times: ['off', 'relative', 'absolute'], wrap: [true, false] };
const settings = { times: 'off', wrap: true };

try {
  const stored = JSON.parse(localStorage.getItem(key) ?? '{}');
  for (const [name, values] of Object.entries(known)) if (values.includes(stored[name])) settings[name] = stored[name];
} catch {
  // A browser may keep nothing; then nothing is remembered.
}

const listeners = new Set();

export const setting = (name) => settings[name];

export function change(name, value) {
  settings[name] = value;
  try {
    localStorage.setItem(key, JSON.stringify(settings));
  } catch {
    // As above.
  }
  for (const listener of listeners) listener();
}

export const nextOf = (name) => known[name][(known[name].indexOf(settings[name]) + 1) % known[name].length];

/** Every log on the page shows the same. */
export function whenChanged(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
