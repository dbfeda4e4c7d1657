import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Inbox } from '../../sandbox/control.ts';
import { Files } from '../../sandbox/files.ts';
import { inside } from '../../sandbox/protocol.ts';
import { filesFolder } from '../../src/task/files.ts';

let home: string;
let directory: string;
let told: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'errand-files-'));
  directory = join(home, 'files');
  told = [];
});
afterEach(() => rmSync(home, { recursive: true }));

const png = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
const open = () => new Files({ directory, refused: (reason) => told.push(reason) });
const piece = (name: string, bytes: string | Buffer, offset = 0, end = true) =>
  ({ type: 'file', name, offset, data: Buffer.from(bytes).toString('base64'), end }) as const;

test('the worker names the folder that the runner fills', () => {
  expect(filesFolder).toBe(inside.files);
});

describe('an attached file', () => {
  test('appears whole with its last piece', () => {
    const files = open();
    files.take(piece('F1-a.log', 'one ', 0, false));
    expect(readdirSync(directory)).toEqual(['.F1-a.log.part']);
    files.take(piece('F1-a.log', 'two', 4));
    expect(readFileSync(join(directory, 'F1-a.log'), 'utf8')).toBe('one two');
    expect(readdirSync(directory)).toEqual(['F1-a.log']);
  });

  test('that is sent again from the start replaces what was there, however long', () => {
    const files = open();
    files.take(piece('F1-a.log', 'a longer text', 0, false));
    files.take(piece('F1-a.log', 'short'));
    expect(readFileSync(join(directory, 'F1-a.log'), 'utf8')).toBe('short');
  });

  test('is not written through a link', () => {
    const files = open();
    files.take(piece('F1-a.log', 'first'));
    const target = join(home, 'target');
    writeFileSync(target, 'untouched');
    symlinkSync(target, join(directory, '.F2-b.log.part'));
    files.take(piece('F2-b.log', 'second'));
    expect(readFileSync(target, 'utf8')).toBe('untouched');
    expect(told).toEqual([expect.stringContaining('The attached file F2-b.log could not be written')]);
  });

  test.each(['../escape', '.hidden', 'a/b', '', '-rf'])('named %j is no line that the runner understands', (name) => {
    const heard: unknown[] = [];
    const inbox = new Inbox({ refused: (reason) => told.push(reason), file: (each) => heard.push(each) });
    inbox.take(JSON.stringify(piece(name, 'x')));
    expect(heard).toEqual([]);
    expect(told).toEqual(['A control line was not understood and was ignored.']);
  });
});

describe('a picture', () => {
  test('is known by its bytes, whatever it is called', () => {
    const files = open();
    files.take(piece('F1-shot.txt', png));
    files.take(piece('F2-log.png', 'no picture'));
    const shown = files.pictures(['F1-shot.txt', 'F2-log.png', 'F3-missing.png']);
    expect(shown).toEqual([{ type: 'image', mimeType: 'image/png', data: png.toString('base64') }]);
  });

  test('that a model would refuse for its size is only a file', () => {
    const files = open();
    files.take(piece('F1-big.png', Buffer.concat([png, Buffer.alloc(4 * 1024 * 1024)])));
    expect(files.pictures(['F1-big.png'])).toEqual([]);
  });

  test('of very many is shown when it is among the newest', () => {
    const files = open();
    const names = Array.from({ length: 12 }, (_, n) => `F${n}-shot.png`);
    names.forEach((name, n) => {
      files.take(piece(name, Buffer.concat([png, Buffer.from([n])])));
    });
    expect(files.pictures(names)).toEqual(files.pictures(names.slice(2)));
    expect(files.pictures(names)).toHaveLength(10);
  });
});
