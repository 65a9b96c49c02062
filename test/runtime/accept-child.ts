import { openNative } from '../../src/runtime/linux/native.ts';

// Accepts with the native engine and keeps what it accepts. Says its port, `accepted` for each client, and what it
// lacks.
const ignore = (): void => {};
const runtime = openNative((why) => console.error(why));
const handlers = {
  open: () => console.log('accepted'),
  data: ignore,
  drain: ignore,
  end: (conn: { shutdown(): void }) => conn.shutdown(),
  close: ignore,
};
runtime.listen({ host: '127.0.0.1', port: 0 }, { noDelay: true, backlog: 512, reusePort: false }, handlers, {
  listening: ({ address }) => console.log('port' in address ? address.port : 0),
  failed: ({ message }) => {
    throw new Error(message);
  },
});
runtime.poller.run();
