import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WideIntegers } from "../../src/layering/wide-integers.ts";

const BITS = 300;

/** The sum of powers of two, made by doubling: the only numbers that can be set are one digit. */
function numbersOf(values: readonly bigint[]): WideIntegers {
  const powers = new WideIntegers(BITS, BITS);
  powers.setDigit(0, 1);
  for (let exponent = 1; exponent < BITS; exponent += 1) {
    powers.add(exponent, powers, exponent - 1);
    powers.add(exponent, powers, exponent - 1);
    powers.carry(exponent);
  }
  const numbers = new WideIntegers(values.length, BITS);
  for (const [index, value] of values.entries()) {
    for (let exponent = 0; exponent < BITS; exponent += 1) {
      if (((value >> BigInt(exponent)) & 1n) === 1n) numbers.add(index, powers, exponent);
    }
    numbers.carry(index);
  }
  return numbers;
}

const large = fc.bigInt({ min: 0n, max: 2n ** 290n });

describe("WideIntegers", () => {
  it("holds what is put in", () => {
    fc.assert(
      fc.property(large, (value) => {
        expect(numbersOf([value]).toBigInt(0)).toBe(value);
      }),
    );
  });

  it("compares as BigInt does", () => {
    fc.assert(
      fc.property(large, fc.oneof(large, fc.constantFrom(0n, 1n, -1n)), (a, other) => {
        const b = other <= 1n ? (a + other < 0n ? 0n : a + other) : other;
        const numbers = numbersOf([a, b]);
        expect(Math.sign(numbers.compare(0, 1))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it("adds many numbers before it carries", () => {
    const most = 2n ** 42n - 1n;
    const numbers = numbersOf([most, 0n]);
    for (let time = 0; time < WideIntegers.ADDITIONS_BEFORE_CARRY; time += 1) {
      numbers.add(1, numbers, 0);
    }
    numbers.carry(1);
    expect(numbers.toBigInt(1)).toBe(most * BigInt(WideIntegers.ADDITIONS_BEFORE_CARRY));
  });

  it("copies and sets", () => {
    const numbers = numbersOf([2n ** 200n, 3n]);
    numbers.copy(1, 0);
    expect(numbers.toBigInt(1)).toBe(2n ** 200n);
    numbers.setDigit(1, 7);
    expect([numbers.toBigInt(0), numbers.toBigInt(1)]).toEqual([2n ** 200n, 7n]);
  });

  it.each([
    [0n, "0"],
    [9n, "9"],
    [9_007_199_254_740_991n, "9007199254740991"],
    [2n ** 64n, "1.8e19"],
    [10n ** 31n * 34n, "3.4e32"],
    [99_999n * 10n ** 40n, "1.0e45"],
    [2n ** 290n, "2.0e87"],
  ])("describes %s for people", (value, text) => {
    expect(numbersOf([value]).describe(0)).toBe(text);
  });
});
