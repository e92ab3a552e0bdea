// The agent imports ssh2's server alone: the package's entry would load the client, http and https too, 20 ms of the sandbox's start.
declare module 'ssh2/lib/server.js' {
  import { Server } from 'ssh2';
  export default Server;
}
declare module 'ssh2/lib/protocol/keyParser.js' {
  import type { utils } from 'ssh2';
  export const parseKey: typeof utils.parseKey;
}
