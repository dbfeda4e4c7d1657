import { describe, expect, test } from 'vitest';
import { speaksToErrand } from '../../src/task/text.ts';

describe('speaksToErrand', () => {
  test.each([
    'thanks',
    'Thanks!',
    'thank you so much :pray:',
    'Thx, looks good to me',
    'Thanks Errand, great work!',
    ':tada:',
    ':+1::skin-tone-3:',
    '🎉🎉',
    '👍🏽',
    'ok, thanks',
    'LGTM',
    '!!',
    '<@U0BOB> can you have a look?',
    '  <@U0BOB|bob> fix the test please',
    '<!subteam^S123|@web> who owns this?',
  ])('%j starts nothing', (text) => {
    expect(speaksToErrand(text, 'U0ERRAND')).toBe(false);
  });

  test.each([
    'also update the docs',
    'thanks, now do the same for the API',
    'good catch but the test still fails',
    'again',
    'yes',
    '2',
    '`make lint` fails',
    'ask <@U0BOB> what he meant',
    '<@U0ERRAND> thanks',
    '<@U0BOB> and <@U0ERRAND> fix the test',
    'もう一度',
  ])('%j is for Errand', (text) => {
    expect(speaksToErrand(text, 'U0ERRAND')).toBe(true);
  });
});
