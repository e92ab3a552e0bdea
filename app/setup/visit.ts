// Which pages does a person see on the way to GitHub and back, and who may come that way?

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { html } from 'hono/html';

export type Way<T> = {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /** Where GitHub takes a manifest. */
  formUrl: string;
  manifest: (redirectUrl: string) => object;
  /** Makes of GitHub's code what is wanted, and keeps it. */
  exchange: (code: string) => Promise<T>;
};

/** One person's way from a page of ours to GitHub and back. It works once. */
export class Visit<T extends { name: string; installUrl: string }> {
  /** What the exchange answered; or why there will be no answer. */
  readonly done: Promise<T>;
  readonly failed: (reason: Error) => void;
  private readonly succeeded: (answer: T) => void;
  private readonly way: Way<T>;
  /** In the first page's address: other users of this machine do not know it. */
  private readonly once = secret();
  /** Comes back from GitHub: who brings it has been sent by our page. Null when it has been used. */
  private state: string | null = secret();

  constructor(way: Way<T>) {
    this.way = way;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.done = promise;
    this.succeeded = resolve;
    this.failed = reject;
  }

  get startUrl(): string {
    return `${this.way.origin}/${this.once}`;
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = req.url ?? '/';
    if (!URL.canParse(path, this.way.origin)) return page(res, 400, 'Nothing here', html`This is no address.`);
    const url = new URL(path, this.way.origin);
    // A site that lets its name point to 127.0.0.1 shall not read what is here.
    if (`http://${req.headers.host}` !== this.way.origin) return page(res, 421, 'Wrong address', html`This page is at ${this.way.origin} only.`);
    if (req.method !== 'GET') return page(res, 405, 'Not so', html`Nothing is sent to this page.`);
    if (same(url.pathname, `/${this.once}`)) return this.start(res);
    if (url.pathname === '/callback') return this.back(res, url.searchParams);
    return page(res, 404, 'Nothing here', html`Open the address that the setup printed.`);
  }

  private start(res: ServerResponse): void {
    if (this.state === null) return page(res, 410, 'Already done', html`This page works once. Run the setup again for another App.`);
    const manifest = this.way.manifest(`${this.way.origin}/callback`);
    const action = `${this.way.formUrl}?state=${this.state}`;
    page(
      res,
      200,
      'Set up Roundhouse',
      html`<p>GitHub will show what the App may do, and ask for a name.</p>
        <form action="${action}" method="post">
          <input type="hidden" name="manifest" value="${JSON.stringify(manifest)}" />
          <button>Create the GitHub App</button>
        </form>`,
      // Browsers hold redirects of the form to this too, and a company's sign-in may lie anywhere.
      `https: ${new URL(action).origin}`,
    );
  }

  private async back(res: ServerResponse, query: URLSearchParams): Promise<void> {
    const code = query.get('code') ?? '';
    if (this.state === null || !same(query.get('state') ?? '', this.state)) return page(res, 403, 'Not from here', html`GitHub was not sent here by this setup. Nothing was stored.`);
    if (!/^[\w-]{1,200}$/.test(code)) return page(res, 400, 'No code', html`GitHub sent no code. Nothing was stored; go back and try again.`);
    this.state = null;
    try {
      const registered = await this.way.exchange(code);
      await new Promise<void>((resolve) => {
        res.on('close', resolve);
        page(res, 200, 'Done', html`<p>The GitHub App ${registered.name} is set up. Now <a href="${registered.installUrl}">install it on repositories</a>.</p>`);
      });
      this.succeeded(registered);
    } catch (error) {
      page(res, 502, 'Not done', html`<p>It did not work; the terminal says why.</p>`);
      this.failed(error as Error);
    }
  }
}

const secret = (): string => randomBytes(24).toString('base64url');

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** `formTo`: the only places that a form of the page may be sent to. */
function page(res: ServerResponse, status: number, title: string, body: ReturnType<typeof html>, formTo = "'none'"): void {
  const text = html`<!doctype html><html lang="en"><meta charset="utf-8" /><title>${title}</title><h1>${title}</h1>${body}</html>`;
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; form-action ${formTo}; frame-ancestors 'none'; base-uri 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  res.end(String(text));
}
