// What do tests of the network have in place of the internet, a cloud's metadata service and an office?

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

export type World = { internet: string; metadata: string; office: string; metadataV6: string; port: number; leave: () => void };

/**
 * A network namespace behind an interface of the host, with one TCP listener on several addresses. The host reaches all of them.
 * `uplink`: the name of that interface.
 */
export async function outsideWorld(id: number): Promise<World & { uplink: string }> {
  const namespace = `rh-world-${id}`;
  const uplink = `rhw${id}`;
  const addresses = { internet: `198.51.100.${id}`, metadata: '169.254.169.254', office: `10.77.${id}.5`, metadataV6: 'fd00:ec2::254' };
  const ip = (...args: string[]): void => void execFileSync('ip', args);
  ip('netns', 'add', namespace);
  try {
    ip('link', 'add', uplink, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('address', 'add', `10.77.${id}.1/30`, 'dev', uplink);
    ip('link', 'set', uplink, 'up');
    ip('-n', namespace, 'address', 'add', `10.77.${id}.2/30`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'route', 'add', 'default', 'via', `10.77.${id}.1`);
    for (const address of [addresses.internet, addresses.metadata, addresses.office]) {
      ip('-n', namespace, 'address', 'add', `${address}/32`, 'dev', 'lo');
      ip('route', 'replace', `${address}/32`, 'via', `10.77.${id}.2`);
    }
    ip('-n', namespace, 'address', 'add', `${addresses.metadataV6}/128`, 'dev', 'lo', 'nodad');
    ip('-n', namespace, 'address', 'add', `fd00:77:${id}::2/64`, 'dev', 'eth0', 'nodad');
    ip('address', 'add', `fd00:77:${id}::1/64`, 'dev', uplink, 'nodad');
    ip('-6', 'route', 'replace', `${addresses.metadataV6}/128`, 'via', `fd00:77:${id}::2`);
    // As the builder's real uplink has it.
    writeFileSync(`/proc/sys/net/ipv4/conf/${uplink}/forwarding`, '1');
    const script = "const s=require('net').createServer(c=>c.on('error',()=>{}).end(c.remoteAddress));s.listen(0,'::',()=>console.log(s.address().port))";
    const listener = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(listener.stdout, 'data')) as [Buffer];
    return {
      ...addresses,
      uplink,
      port: Number(port.toString()),
      leave: () => {
        listener.kill('SIGKILL');
        // Of the two ends of the cable the namespace takes its own along, sooner or later, and the routes go with ours.
        ip('link', 'delete', uplink);
        ip('netns', 'delete', namespace);
      },
    };
  } catch (error) {
    ip('netns', 'delete', namespace);
    throw error;
  }
}
