/** The project that a first start puts into the forge: small, real, green, and with words misspelt for a first errand to mend. */
export const demoRepository = 'acme/web';

export const demoFiles: Readonly<Record<string, string>> = {
  'README.md': `# Acme web shop

The cart and the checkout of the Acme shop, as plain functions.

    node --test

- \`src/money.js\`: amounts in cents, never in floating point
- \`src/cart.js\`: adding and removing goods
- \`src/discount.js\`: codes that customers recieve by mail
- \`src/checkout.js\`: from a cart to a receipt

An order is seperate from its payment: customers recieve the receipt first.
`,
  'package.json': `${JSON.stringify(
    {
      name: 'acme-web',
      version: '1.4.0',
      private: true,
      type: 'module',
      scripts: { test: 'node --test' },
      engines: { node: '>=20' },
    },
    null,
    2,
  )}\n`,
  '.errand.yml': `# How Errand works on this repository; read from the base branch only.
checks:
  - node --test
merge:
  method: squash
`,
  '.gitignore': 'node_modules/\n',
  'src/money.js': `/** Formats cents as \`12.34 EUR\`. */
export function formatMoney(cents, currency = 'EUR') {
  const sign = cents < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, '0');
  return \`\${sign}\${whole}.\${rest} \${currency}\`;
}

/** Takes a share of an amount, rounded half up to a whole cent. */
export function percentOf(cents, percent) {
  return Math.round((cents * percent) / 100);
}
`,
  'src/cart.js': `/** A cart is a list of lines; each function returns a new one. */
export const emptyCart = Object.freeze([]);

export function addItem(cart, item, quantity = 1) {
  if (quantity < 1) throw new RangeError('A quantity starts at one');
  const known = cart.find((line) => line.sku === item.sku);
  if (known === undefined) return [...cart, { ...item, quantity }];
  return cart.map((line) => (line === known ? { ...line, quantity: line.quantity + quantity } : line));
}

export function removeItem(cart, sku) {
  return cart.filter((line) => line.sku !== sku);
}

export function subtotal(cart) {
  return cart.reduce((sum, line) => sum + line.cents * line.quantity, 0);
}
`,
  'src/discount.js': `import { percentOf } from './money.js';

const codes = new Map([
  ['WELCOME10', { percent: 10, minimum: 0 }],
  ['BIG20', { percent: 20, minimum: 10_000 }],
]);

/** What a code takes off; nothing for an unknown code or a cart below the code's minimum. */
export function discountFor(code, cents) {
  const rule = codes.get(String(code).toUpperCase());
  return rule === undefined || cents < rule.minimum ? 0 : percentOf(cents, rule.percent);
}
`,
  'src/checkout.js': `import { subtotal } from './cart.js';
import { discountFor } from './discount.js';
import { formatMoney } from './money.js';

/** Turns a cart into a receipt. Customers recieve its lines by mail. */
export function checkout(cart, { code = '' } = {}) {
  if (cart.length === 0) throw new Error('The cart is empty');
  const before = subtotal(cart);
  const discount = discountFor(code, before);
  const lines = cart.map((line) => \`\${line.quantity} x \${line.name}: \${formatMoney(line.cents * line.quantity)}\`);
  return { lines, discount, total: before - discount };
}
`,
  'test/cart.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addItem, emptyCart, removeItem, subtotal } from '../src/cart.js';

const mug = { sku: 'mug', name: 'Mug', cents: 950 };

test('the same item twice is one line', () => {
  const cart = addItem(addItem(emptyCart, mug), mug, 2);
  assert.equal(cart.length, 1);
  assert.equal(subtotal(cart), 2850);
});

test('a removed item costs nothing', () => {
  assert.equal(subtotal(removeItem(addItem(emptyCart, mug), 'mug')), 0);
});
`,
  'test/checkout.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addItem, emptyCart } from '../src/cart.js';
import { checkout } from '../src/checkout.js';

const lamp = { sku: 'lamp', name: 'Lamp', cents: 6000 };

test('a receipt names each line and the total', () => {
  const receipt = checkout(addItem(emptyCart, lamp, 2), { code: 'big20' });
  assert.deepEqual(receipt.lines, ['2 x Lamp: 120.00 EUR']);
  assert.equal(receipt.total, 9600);
});

test('an empty cart has no receipt', () => {
  assert.throws(() => checkout(emptyCart), /empty/);
});
`,
};
