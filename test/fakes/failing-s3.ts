// What does a client meet when the server behind it, or the way there, fails? An HTTP proxy that fails as it is told.

import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Refused with 500, or as S3 refuses of two who create at once the one; never answered; cut before, or in the middle of, what the client sends; carried out, but the answer lost; an answer that breaks off, or stops, in its middle. */
export type Fault = 'refuse' | 'conflict' | 'hang' | 'cut' | 'cut body' | 'lose answer' | 'cut answer' | 'hang answer';
/** What is asked: the HTTP method, and for parts of uploads what S3 calls it. */
export type Call = 'put' | 'create' | 'part' | 'complete' | 'abort' | 'get' | 'head' | 'list' | 'uploads' | 'delete';

export type FailingS3 = {
  endpoint: string;
  /** All calls in the order of their arrival. */
  calls: Call[];
  /** Asked at every call; undefined lets it pass. */
  decide: (call: Call, nth: number) => Fault | undefined;
  /** Ends all that hangs. */
  stop(): Promise<void>;
};

/** With `tls`, clients reach it by https; `key` and `cert` are PEM. */
export async function startFailing(target: string, tls?: { key: string; cert: string }): Promise<FailingS3> {
  const { hostname, port } = new URL(target);
  const server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const failing: FailingS3 = {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    decide: () => undefined,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return failing;

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const call = callOf(request);
    failing.calls.push(call);
    const fault = failing.decide(call, failing.calls.filter((one) => one === call).length);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (fault === 'hang') return;
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'conflict') return void request.resume().on('end', () => response.writeHead(409).end('<Error><Code>ConditionalRequestConflict</Code></Error>'));
    if (fault === 'refuse') return void request.resume().on('end', () => response.writeHead(500).end());
    const onward = send({ hostname, port, method: request.method, path: request.url, headers: request.headers });
    onward.on('error', () => request.socket.destroy());
    onward.on('response', (answer) => pass(answer, request, response, fault));
    if (fault !== 'cut body') return void request.pipe(onward);
    let left = 1000;
    request.on('data', (bytes: Buffer) => {
      onward.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;
      onward.destroy();
      request.socket.destroy();
    });
  }
}

function pass(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  if (fault === 'lose answer') return void answer.resume().on('end', () => request.socket.destroy());
  response.writeHead(answer.statusCode!, answer.headers);
  if (fault === undefined) return void answer.pipe(response);
  answer.once('data', (bytes: Buffer) => {
    response.write(bytes.subarray(0, bytes.length / 2), () => {
      if (fault === 'cut answer') request.socket.destroy();
    });
    answer.destroy();
  });
}

function callOf({ method, url }: IncomingMessage): Call {
  const asked = new URL(url!, 'http://localhost').searchParams;
  if (method === 'GET') return asked.has('uploads') ? 'uploads' : asked.has('list-type') ? 'list' : 'get';
  if (method === 'HEAD') return 'head';
  if (method === 'POST') return asked.has('uploads') ? 'create' : 'complete';
  if (method === 'PUT') return asked.has('partNumber') ? 'part' : 'put';
  return asked.has('uploadId') ? 'abort' : 'delete';
}
