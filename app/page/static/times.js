// Times in the reader's own zone.

export function localTimes(root) {
  for (const time of root.querySelectorAll('time')) {
    const date = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  }
}
