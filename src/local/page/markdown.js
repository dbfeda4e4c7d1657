import { h } from './dom.js';
import { withCharacters } from './emoji.js';
import { link } from './text.js';

/**
 * Standard Markdown as elements: headings, lists, tables, fences, quotes, rules. No HTML but `<sub>`,
 * GitHub's small print: any other tag in the source is shown as text.
 * @param {string} source
 * @returns {Node[]}
 */
export function markdown(source) {
  return blocks(source.replaceAll('\r\n', '\n').split('\n'));
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const item = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

function blocks(lines) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const text = lines[at] ?? '';
    const fenced = fence.exec(text);
    if (text.trim() === '') at += 1;
    else if (fenced !== null) {
      const close = new RegExp(`^ {0,3}${fenced[1]?.[0]}{${fenced[1]?.length},}\\s*$`);
      let end = at + 1;
      while (end < lines.length && !close.test(lines[end] ?? '')) end += 1;
      out.push(h('pre', { 'data-language': fenced[2] || null }, h('code', null, lines.slice(at + 1, end).join('\n'))));
      at = end + 1;
    } else if (heading.test(text)) {
      const [, marks = '#', words = ''] = heading.exec(text) ?? [];
      out.push(h(`h${Math.min(6, marks.length + 2)}`, { class: `md-h${marks.length}` }, inline(words)));
      at += 1;
    } else if (rule.test(text)) {
      out.push(h('hr'));
      at += 1;
    } else if (/^ {0,3}>/.test(text)) {
      let end = at;
      while (end < lines.length && (lines[end] ?? '').trim() !== '' && (/^ {0,3}>/.test(lines[end] ?? '') || end > at))
        end += 1;
      out.push(h('blockquote', null, blocks(lines.slice(at, end).map((each) => each.replace(/^ {0,3}> ?/, '')))));
      at = end;
    } else if (text.includes('|') && tableRule.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-')) {
      let end = at + 2;
      while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1;
      out.push(table(lines.slice(at, end)));
      at = end;
    } else if (item.test(text)) {
      const end = listEnd(lines, at);
      out.push(list(lines.slice(at, end)));
      at = end;
    } else {
      let end = at + 1;
      while (end < lines.length && !starts(lines[end] ?? '')) end += 1;
      const words = lines
        .slice(at, end)
        .flatMap((each, index) => [...(index > 0 ? [h('br')] : []), ...inline(each.trim())]);
      out.push(h('p', null, words));
      at = end;
    }
  }
  return out;
}

const starts = (text) =>
  text.trim() === '' ||
  fence.test(text) ||
  heading.test(text) ||
  rule.test(text) ||
  /^ {0,3}>/.test(text) ||
  item.test(text);

function listEnd(lines, from) {
  const indent = /^\s*/.exec(lines[from] ?? '')?.[0].length ?? 0;
  let end = from + 1;
  while (end < lines.length) {
    const text = lines[end] ?? '';
    const own = /^\s*/.exec(text)?.[0].length ?? 0;
    if (text.trim() === '') {
      const next = lines[end + 1] ?? '';
      const goes = (item.test(next) && !rule.test(next)) || (/^\s/.test(next) && next.trim() !== '');
      if (!goes) break;
    } else if (!(own > indent || (item.test(text) && !rule.test(text) && own >= indent))) break;
    end += 1;
  }
  return end;
}

function list(lines) {
  const [, indent = '', number] = item.exec(lines[0] ?? '') ?? [];
  const items = [];
  for (const text of lines) {
    const found = item.exec(text);
    if (found !== null && (found[1] ?? '').length <= indent.length + 1) items.push([found[3] ?? '']);
    else items.at(-1)?.push(text.replace(/^\s{1,4}/, ''));
  }
  const children = items.map((each) => {
    const [first = '', ...rest] = each;
    const box = /^\[([ xX])\]\s+(.*)$/.exec(first);
    const words =
      box === null
        ? inline(first)
        : [h('input', { type: 'checkbox', disabled: true, checked: box[1] !== ' ' }), ...inline(box[2] ?? '')];
    return h('li', { class: box === null ? null : 'md-task' }, words, blocks(rest));
  });
  return h(
    number === undefined ? 'ul' : 'ol',
    { start: number === undefined || number === '1' ? null : number },
    children,
  );
}

function table(lines) {
  const cells = (text) =>
    text
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((each) => each.trim().replaceAll('\\|', '|'));
  const [head = '', marks = '', ...body] = lines;
  const aligned = cells(marks).map((each) => (/^:-+:$/.test(each) ? 'center' : each.endsWith(':') ? 'right' : 'left'));
  const row = (text, tag) =>
    h(
      'tr',
      null,
      cells(text).map((each, index) => h(tag, { class: `align-${aligned[index] ?? 'left'}` }, inline(each))),
    );
  return h(
    'div',
    { class: 'table-scroll', tabindex: '0' },
    h(
      'table',
      null,
      h('thead', null, row(head, 'th')),
      h(
        'tbody',
        null,
        body.map((each) => row(each, 'td')),
      ),
    ),
  );
}

const pattern =
  /(<sub>[^\n]*?<\/sub>|\\[\\`*_{}[\]()#+.!|<>~-]|`+[^`]+?`+|!?\[[^\]]*\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+"[^"]*")?\)|\*\*(?=\S)[\s\S]+?\S?\*\*|__(?=\S)[\s\S]+?__|~~(?=\S)[\s\S]+?~~|\*(?=[^\s*])[^*]+?\*|(?<!\w)_(?=\S)[^_]+?_(?!\w)|<?https?:\/\/[^\s<>`|)\]]+>?)/g;

/** @param {string} text @returns {(string | Node)[]} */
function inline(text) {
  return text.split(pattern).flatMap((part) => {
    if (part === '') return [];
    if (/^\\.$/.test(part)) return [part.slice(1)];
    if (part.startsWith('<sub>') && part.endsWith('</sub>')) return [h('small', null, inline(part.slice(5, -6)))];
    if (/^`+[^`]+`+$/.test(part)) return [h('code', null, part.replace(/^`+ ?| ?`+$/g, ''))];
    const linked = /^(!?)\[([^\]]*)\]\(([^\s]*?)(?:\s+"[^"]*")?\)$/.exec(part);
    // Pictures are not loaded: an address in a message must not be asked for anything by being seen.
    if (linked !== null)
      return [link(linked[3] ?? '', linked[1] === '!' ? [`Image: ${linked[2]}`] : inline(linked[2] ?? ''))];
    if (/^\*\*[\s\S]+\*\*$/.test(part) || /^__[\s\S]+__$/.test(part))
      return [h('strong', null, inline(part.slice(2, -2)))];
    if (/^~~[\s\S]+~~$/.test(part)) return [h('s', null, inline(part.slice(2, -2)))];
    if (/^\*[^*]+\*$/.test(part) || /^_[^_]+_$/.test(part)) return [h('em', null, inline(part.slice(1, -1)))];
    if (/^<?https?:/.test(part)) {
      const url = part.replace(/^<|>$/g, '');
      return [link(url, url)];
    }
    return withCharacters(part);
  });
}
