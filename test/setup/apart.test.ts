import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tellApart } from '../../src/setup/apart.ts';
import { giveFolder } from '../../src/setup/ownership.ts';
import { makePlaces, places } from '../../src/setup/places.ts';
import { usersOf } from '../../src/setup/users.ts';
import { viewOf } from '../../src/setup/view.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-apart-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the users of an Errand', () => {
  it('are no two the same, below those of sandboxes, and the same each time', () => {
    const { bot, worker, local, redis } = usersOf('0a1b2c3d');
    const uids = [bot, worker, local, redis].map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(4);
    expect(Math.min(...uids)).toBeGreaterThan(9_999);
    expect(Math.max(...uids)).toBeLessThan(20_001);
    expect(usersOf('0a1b2c3d')).toEqual(usersOf('0a1b2c3d'));
    expect(usersOf('0a1b2c3e').bot.uid).not.toBe(bot.uid);
  });

  it('share the store’s group among those who use the store, and nobody else', () => {
    const { bot, worker, local, redis, all } = usersOf('0a1b2c3d');
    expect([bot.groups, worker.groups, local.groups]).toEqual([[all, redis.gid], [all, redis.gid], [all]]);
  });
});

describe.runIf(process.getuid?.() === 0)('as root', () => {
  const as = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'];
  const [user, other] = [12_345, 12_346].map((uid) => ({ uid, gid: uid, groups: [] }));

  it('a folder changes hands with all that is in it, and no link is followed', () => {
    const path = join(folder, 'mirrors');
    mkdirSync(join(path, 'one'), { recursive: true });
    writeFileSync(join(path, 'one/file'), '');
    execFileSync('ln', ['-s', join(folder, 'else'), join(path, 'link')]);
    writeFileSync(join(folder, 'else'), '');
    giveFolder(path, user ?? null);
    expect(
      [path, join(path, 'one'), join(path, 'one/file'), join(path, 'link')].map((each) => lstatSync(each).uid),
    ).toEqual([12_345, 12_345, 12_345, 12_345]);
    expect([lstatSync(path).mode & 0o777, lstatSync(join(folder, 'else')).uid]).toEqual([0o700, 0]);
    giveFolder(path, other ?? null);
    expect(lstatSync(join(path, 'one/file')).uid).toBe(12_346);
  });

  it('what lies below a folder that only root may enter is shown to another user, and nothing beside it', () => {
    const closed = join(folder, "root's own");
    mkdirSync(join(closed, 'clone/data'), { recursive: true });
    mkdirSync(join(folder, 'stage'));
    writeFileSync(join(closed, 'secret'), 'secret');
    writeFileSync(join(closed, 'clone/file'), 'shown');
    writeFileSync(join(closed, 'a file'), 'alone');
    chmodSync(folder, 0o755);
    chmodSync(closed, 0o700);
    const [program = '', ...args] =
      viewOf([join(closed, 'clone'), join(closed, 'clone/data'), join(closed, 'a file')], join(folder, 'stage')) ?? [];
    const script = 'cat "$1/clone/file" "$1/a file"; ls -A "$1" 2>&1; cat "$1/secret" 2>&1; ls -A "$2" 2>&1; true';
    const said = execFileSync(program, [...args, ...as, 'sh', '-c', script, 'sh', closed, join(folder, 'stage')], {
      encoding: 'utf8',
    });
    expect(said).toContain('shownalone');
    expect(said).toMatch(/cannot open directory .*own.: Permission denied/);
    expect(said).toMatch(/secret.?: No such file/);
    expect(said).toMatch(/cannot open directory .*stage': Permission denied/);
    expect(existsSync(join(closed, 'secret'))).toBe(true);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder);
  });

  it('nothing is shown anew where nothing is closed', () => {
    expect(viewOf(['/usr/bin'], join(folder, 'stage'))).toBeNull();
  });

  it('a data folder that was root’s alone lets Errand’s group pass, and nobody list it', async () => {
    const at = places({ ERRAND_DATA_DIR: folder });
    makePlaces(at);
    await tellApart(at);
    const { mode, gid } = lstatSync(folder);
    expect([mode & 0o777, gid]).toEqual([0o710, usersOf(at.instance).all]);
    rmSync(at.runDir, { recursive: true });
  });
});
