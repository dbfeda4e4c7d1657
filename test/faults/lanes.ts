/** Does all of these, so many at once; a lane takes the next as soon as it is free. */
export async function inLanes<Item>(
  items: readonly Item[],
  abreast: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const next = items.values();
  const lane = async () => {
    for (const item of next) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(abreast, items.length) }, lane));
}

/** Deals items out like cards. */
export function deal<Item>(items: readonly Item[], hands: number): readonly (readonly Item[])[] {
  return Array.from({ length: hands }, (_, hand) => items.filter((_item, index) => index % hands === hand)).filter(
    (hand) => hand.length > 0,
  );
}
