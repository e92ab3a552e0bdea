// How does somebody else's text go to a terminal?

/** Names and messages are strangers' text; this goes to a terminal. */
export const printable = (value: string): string => value.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
