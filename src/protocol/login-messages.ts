/** What a client says until it is logged in. */
import { int16, int32, message, packet, text } from './writing.ts';

/** Protocol 3.0, which every server speaks. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  return packet(int16(3), int16(0), ...Object.entries(parameters).flat().map(text), Buffer.from([0]));
}

/** In clear text, or its MD5. */
export function passwordMessage(password: string): Buffer {
  return message('p', text(password));
}

export function saslInitialResponse(mechanism: string, data: string): Buffer {
  const bytes = Buffer.from(data, 'utf8');
  return message('p', text(mechanism), int32(bytes.length), bytes);
}

export function saslResponse(data: string): Buffer {
  return message('p', Buffer.from(data, 'utf8'));
}
