import { expect, test } from 'vitest';
import { spliced } from '../../src/github/own-part.ts';

const part = (text: string) => `<!-- errand:start -->${text}<!-- errand:end -->`;

test('a newer part takes the older one’s place, and what people wrote around it stays', () => {
  expect(spliced(`- [x] done\r\n${part('old')} by Dana`, `- [ ] done\n${part('new')}`)).toBe(
    `- [x] done\r\n${part('new')} by Dana`,
  );
});

test('where people took the part out, the description is made anew', () => {
  expect(spliced('Mine alone', part('new'))).toBe(part('new'));
  expect(spliced(null, part('new'))).toBe(part('new'));
});
