// What is the value of an expression?

import { isUnknown, unbound } from './node.ts';
import type { BoundNode, Node } from './node.ts';
import { longestMatchedText } from './pattern.ts';
import type { Expression, Operator, PatternExpression } from './expression-syntax.ts';

export { namesOf, parseExpression } from './expression-syntax.ts';
export type { Expression, ExpressionFault } from './expression-syntax.ts';

export type Variables = {
  /** The value of a name such as `parameters.x`, `pipeline.git.branch`, `matrix.v`; undefined when no such name exists. A scalar null is what the language calls undefined (exists, not set). */
  lookup(name: string): Node | undefined;
  /** The sentence for a name that does not exist, with the remedy. */
  unknown(name: string): string;
  /** The definition of the executor that a value names, so that it can be compared with a map; undefined when it names none. */
  executor?(value: BoundNode): Node | undefined;
};

/** A variable keeps its node, and with it type and spelling; undefined is a value that is not set. */
export type Value = Node | string | number | bigint | boolean | undefined;

/**
 * `and` and `or` give one of their operands, and look at no more of them than they must: what is not looked at may be a name that does
 * not exist. A value that is not set makes every comparison with it one that is not set.
 */
export function evaluate(expression: Expression, variables: Variables): { value: Value } | { fault: string } {
  const result = valueOf(expression, variables);
  if (isFault(result)) return result;
  if (isPattern(result)) return { fault: `the pattern /${result.source}/ stands alone. Write it right of matches: pipeline.git.branch matches /${result.source}/.` };
  return { value: result };
}

/** False, null, 0, NaN and what is empty do not hold, in logic statements and sections; everything else does, also the text "false". */
export function isTruthy(value: Value): boolean {
  if (typeof value !== 'object') return Boolean(value);
  const node = unbound(value);
  switch (node.kind) {
    case 'scalar':
      return Boolean(node.value);
    case 'list':
      return node.items.length > 0;
    case 'map':
      return node.entries.size > 0;
  }
}

/** Inside an expression only false and what is not set do not hold: 0 and "" do. */
export const holdsInExpression = (value: Value): boolean => {
  const plain = typeof value === 'object' ? plainOf(value) : value;
  return plain !== undefined && plain !== false;
};

type Fault = { fault: string };
type Operand = Value | PatternExpression;
type Plain = string | number | bigint | boolean | undefined;

const isFault = (result: Operand | Fault): result is Fault => typeof result === 'object' && 'fault' in result;
const isPattern = (operand: Operand): operand is PatternExpression => typeof operand === 'object' && operand.kind === 'pattern';

function valueOf(expression: Expression, variables: Variables): Operand | Fault {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'pattern':
      return expression;
    case 'name': {
      const node = variables.lookup(expression.name);
      if (!node) return { fault: variables.unknown(expression.name) };
      return node.kind === 'scalar' && node.value === null && !isUnknown(node) ? undefined : node;
    }
    case 'not': {
      const value = valueOf(expression.operand, variables);
      return isFault(value) ? value : !counts(value);
    }
    case 'and':
    case 'or': {
      let value: Operand | Fault;
      for (const operand of expression.operands) {
        value = valueOf(operand, variables);
        if (isFault(value) || counts(value) === (expression.kind === 'or')) return value;
      }
      return value;
    }
    case 'chain': {
      let left = valueOf(expression.first, variables);
      for (const { operator, operand } of expression.rest) {
        if (isFault(left)) return left;
        const right = valueOf(operand, variables);
        if (isFault(right)) return right;
        left = apply(operator, left, right);
      }
      return left;
    }
  }
}

const counts = (operand: Operand): boolean => isPattern(operand) || holdsInExpression(operand);

function apply(operator: Operator, left: Operand, right: Operand): boolean | undefined | Fault {
  const [a, b] = [isPattern(left) ? left : plainOf(left), isPattern(right) ? right : plainOf(right)];
  if (a === undefined || b === undefined) return undefined;
  switch (operator) {
    case '==':
    case '!=': {
      const node = [a, b].find(isNode);
      if (node) return { fault: `"${operator}" compares texts, numbers and booleans, not a ${unbound(node).kind}. Use a logic statement: equal: [a, b].` };
      const same = isPattern(left) && isPattern(right) ? left.source === right.source : a === b;
      return same === (operator === '==');
    }
    case '<':
    case '>':
    case '<=':
    case '>=':
      if (typeof a !== 'bigint' || typeof b !== 'bigint') return { fault: `Expected numeric operands to "${operator}" operator. Write integers, without quotes, on both sides.` };
      return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
    case 'starts-with':
    case 'contains':
      if (typeof a !== 'string' || typeof b !== 'string') return { fault: `Expected string operands to "${operator}" operator. Write texts, in double quotes, on both sides.` };
      return operator === 'contains' ? a.includes(b) : a.startsWith(b);
    case 'matches':
      if (!isPattern(right)) return { fault: 'Expected the right operand to "matches" operator to be a pattern. Write it between slashes: /main|release/.' };
      if (typeof a !== 'string') return { fault: 'Expected string operands to "matches" operator. Write a text, or the name of one, left of it.' };
      if (a.length > longestMatchedText) return { fault: `"matches" looks at texts of at most ${longestMatchedText} characters, this one has ${a.length}. Use starts-with or contains.` };
      return right.pattern.matchesAll(a);
  }
}

const isNode = (value: Plain | Node | PatternExpression): value is Node => typeof value === 'object' && value.kind !== 'pattern';

/** A scalar as the operators know it: an integer is exact, however it came; lists and maps stay what they are. */
function plainOf(value: Value): Plain | Node {
  if (typeof value !== 'object') return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
  const node = unbound(value);
  if (node.kind !== 'scalar') return node;
  if (typeof node.value === 'number' && Number.isInteger(node.value)) return BigInt(/^-?\d{1,20}$/.test(node.text) ? node.text : node.value);
  return node.value ?? undefined;
}
