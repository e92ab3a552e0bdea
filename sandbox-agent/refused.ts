// What is an error of the caller's? A sentence for its stderr, and exit status 2.

export class Refused extends Error {
  override name = 'Refused';
}
