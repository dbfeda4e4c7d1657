import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePlaces, places } from '../../src/setup/places.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-places-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('places', () => {
  it('names an instance once and finds it again', () => {
    const first = places({ ERRAND_DATA_DIR: folder });
    expect(first.instance).toMatch(/^[0-9a-f]{8}$/);
    expect(places({ ERRAND_DATA_DIR: folder })).toEqual(first);
  });

  it('gives two data folders two instances and two run folders', () => {
    const one = places({ ERRAND_DATA_DIR: join(folder, 'one') });
    const two = places({ ERRAND_DATA_DIR: join(folder, 'two') });
    expect(one.instance).not.toBe(two.instance);
    expect(one.runDir).not.toBe(two.runDir);
  });

  it('keeps a task gateway socket within 107 bytes however deep the data folder lies', () => {
    const deep = join(folder, 'a-long-name'.repeat(10), 'another'.repeat(10));
    for (const uid of [0, 1000]) {
      const { gatewaysDir, redisSocket, brokerSocket } = places({ ERRAND_DATA_DIR: deep }, uid);
      for (const path of [join(gatewaysDir, 't0123456', 'gateway.sock'), redisSocket, brokerSocket]) {
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107);
      }
    }
  });

  it('puts sockets into the runtime folder of a user, and into /run for root', () => {
    const env = { ERRAND_DATA_DIR: folder, XDG_RUNTIME_DIR: '/run/user/1000' };
    const { instance, runDir } = places(env, 1000);
    expect(runDir).toBe(`/run/user/1000/errand-${instance}`);
    expect(places(env, 0).runDir).toBe(`/run/errand/${instance}`);
    expect(places({ ERRAND_DATA_DIR: folder }, 1000).runDir).toBe(`/tmp/errand-${instance}`);
  });

  it('says which file is broken when the instance is no name', () => {
    writeFileSync(join(folder, 'instance'), '../../etc\n');
    expect(() => places({ ERRAND_DATA_DIR: folder })).toThrow(`${join(folder, 'instance')} should hold eight`);
  });

  it.runIf(process.getuid?.() === 0)('says who may use a data folder that is another user’s', () => {
    chmodSync(folder, 0o700);
    const script = `import { places } from ${JSON.stringify(resolve(import.meta.dirname, '../../src/setup/places.ts'))};
process.setuid(12345);
try { places({ ERRAND_DATA_DIR: ${JSON.stringify(folder)} }); } catch (error) { console.log(JSON.stringify(error.failure)); }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(said)).toMatchObject({
      code: 'data_folder',
      sentence: expect.stringContaining(`its data in ${folder}, which this user may not use`),
    });
  });
});

describe('makePlaces', () => {
  const mine = () => places({ ERRAND_DATA_DIR: join(folder, 'data'), XDG_RUNTIME_DIR: folder }, 1000);

  it('lets other uids pass through the run folder and list nothing', () => {
    const at = mine();
    makePlaces(at);
    expect(statSync(at.runDir).mode & 0o777).toBe(0o711);
    expect(statSync(at.redisDir).mode & 0o777).toBe(0o700);
  });

  it.runIf(process.getuid?.() === 0)('refuses a run folder that another user made first', () => {
    const at = mine();
    mkdirSync(at.runDir);
    chownSync(at.runDir, 12345, 12345);
    expect(() => makePlaces(at)).toThrow('belongs to another user');
  });
});
