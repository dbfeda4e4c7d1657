import { expect, test } from 'vitest';
import { toPushRefusal } from '../../src/git/push-refusal.ts';

const declined = 'push declined due to repository rule violations';
const ruled = (
  words: string,
) => `remote: error: GH013: Repository rule violations found for refs/heads/errand/x.        
remote: Review all repository rules at https://github.com/acme/web/rules?ref=refs%2Fheads%2Ferrand%2Fx        
remote: 
remote: ${words}        
remote:   Found 1 violation:        
remote: 
remote:   0123456789012345678901234567890123456789        
remote: 
To https://github.com/acme/web.git`;

test.each([
  ['- Commits must have verified signatures.', 'ERRAND_SIGNING_KEY_FILE'],
  ['- Cannot create ref due to creations being restricted.', 'create branches under `errand/`'],
  ['- Changes must be made through a pull request.', 'asks for pull requests'],
  ['- Commit message must match a given regex pattern: ^[A-Z]+-', 'first line'],
  ['- Commit author email must end with a given pattern: @acme.example', 'ERRAND_COMMITTER'],
  ['- Branch name must start with a given pattern: feature/', 'rule for names'],
  ['- Push cannot contain secrets', 'secret taken out'],
  ['- File path is restricted', 'files left out'],
  ['- A rule of next year', 'Let Errand push branches'],
])('%s is told in its own words, with what to do', (words, next) => {
  const { failure, retry } = toPushRefusal('Pushing', declined, ruled(words), undefined);
  expect(failure.sentence).toBe(`Pushing was refused by GitHub: ${words.slice(2).replace(/\.$/, '')}.`);
  expect(failure.next).toContain(next);
  expect(retry).toBe(false);
});

test('older refusals come a line each', () => {
  const large = `remote: Resolving deltas: 100% (1/1)
remote: error: Trace: 0123
remote: error: See https://gh.io/lfs for more information.
remote: error: File big.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB        
remote: error: GH001: Large files detected.`;
  const { failure } = toPushRefusal('Pushing', 'pre-receive hook declined', large, undefined);
  expect(failure.sentence).toContain("File big.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB");
  expect(failure.next).toContain('large file');
});

test('a refusal without remarks is told by its reason, and one that passes is tried again', () => {
  expect(toPushRefusal('Pushing', 'failed to update ref', '', undefined)).toMatchObject({
    retry: true,
    failure: { sentence: 'Pushing was refused by GitHub: failed to update ref.' },
  });
});
