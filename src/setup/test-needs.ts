import { existsSync } from 'node:fs';
import { type Need, program } from './debian.ts';

/**
 * What only the tests need: a browser for the local workspace's page, and fonts with the letters and emoji it shows; network
 * namespaces and an observer of system calls for the attacks.
 */
export function testNeeds(): readonly Need[] {
  return [
    program('chromium', 'chromium'),
    program('ip', 'iproute2'),
    program('strace', 'strace'),
    { present: existsSync('/usr/share/fonts/truetype/liberation'), packages: ['fonts-liberation'] },
    { present: existsSync('/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf'), packages: ['fonts-noto-color-emoji'] },
  ];
}
