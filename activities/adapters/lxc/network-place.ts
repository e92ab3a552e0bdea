// Which addresses and interface does a sandbox have in the network?

/** Of the machine: builders that share one must agree on it. */
export type NetworkSettings = {
  /** Name of the bridge, and of our nftables tables. */
  bridge: string;
  /** 4096 addresses, one for each id range; the bridge has the first. */
  subnet: string;
  /** Names of the sandboxes' interfaces on the host begin with it. */
  interfacePrefix: string;
  /** Private networks, as CIDRs, that sandboxes may reach all the same. Never the builder itself. */
  allowPrivate: readonly string[];
  /** What else sandboxes must not reach, as CIDRs: public addresses of the app, of Temporal, of the object store. */
  deny: readonly string[];
};

export const defaultNetwork: NetworkSettings = { bridge: 'roundhouse0', subnet: '10.213.0.0/20', interfacePrefix: 'rhv', allowPrivate: [], deny: [] };

/** One sandbox's place in it. */
export type NetworkPlace = {
  bridge: string;
  interfaceOnHost: string;
  hardwareAddress: string;
  address: string;
  prefixLength: number;
  gateway: string;
  mtu: number;
};

/** Locally administered, and the same for a number always: what the rules expect of a port. */
export const hardwareAddress = (number: number): string => `02:52:48:00:${[number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

export const interfaceOnHost = (settings: Pick<NetworkSettings, 'interfacePrefix'>, number: number): string => `${settings.interfacePrefix}${number}`;

export const bridgeHardwareAddress = '02:52:48:ff:00:01';
