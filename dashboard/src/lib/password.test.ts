import { expect, it } from 'vitest';
import { passwordProblem } from './password';

it('says nothing before something is typed', () => expect(passwordProblem('')).toBeUndefined());
it('counts what is missing', () => expect(passwordProblem('elevensigns')).toContain('1 more'));
it('counts signs, not code units', () => expect(passwordProblem('😀'.repeat(11))).toContain('1 more'));
it('has an end', () => expect([passwordProblem('a'.repeat(1_000)), passwordProblem('a'.repeat(1_001))]).toEqual([undefined, 'At most 1000 characters.']));
