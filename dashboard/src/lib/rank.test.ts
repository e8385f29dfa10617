import { expect, it } from 'vitest';
import { rankMatches } from './rank';

const items = ['Overview', 'Webhooks', 'New webhook', 'Dead letters', 'Settings'];
const rank = (query: string) => rankMatches(items, query, (item) => item);

it('keeps all for nothing', () => expect(rank(' ')).toEqual(items));
it('puts beginnings of words first', () => expect(rank('web')).toEqual(['Webhooks', 'New webhook']));
it('finds first letters of words', () => expect(rank('dl')).toEqual(['Dead letters']));
it('finds nothing in strewn letters', () => expect(rank('oiw')).toEqual([]));
