// The sample repository: two jobs, one of them in three slices.

export const sampleJobs = ['build', 'test'];

export const sample: Record<string, string> = {
  '.circle.yml': `version: 2.1

jobs:
  build:
    docker:
      - image: debian:bookworm
    steps:
      - checkout
      - run: ./shop.sh price apple

  test:
    docker:
      - image: debian:bookworm
    parallelism: 3
    steps:
      - checkout
      - run:
          name: Test this slice's share
          command: |
            for fruit in $(awk -v n="$CIRCLE_NODE_INDEX" -v of="$CIRCLE_NODE_TOTAL" 'NR % of == n' fruits.txt); do
              ./shop.sh price "$fruit"
            done

workflows:
  sell:
    jobs:
      - build
      - test:
          requires: [build]
`,
  'shop.sh': `#!/bin/sh
# Usage: shop.sh price FRUIT
set -e
grep -qx "$2" "$(dirname "$0")/fruits.txt" || { echo "no such fruit: $2" >&2; exit 1; }
echo "$2 costs $(printf %s "$2" | wc -c) cents"
`,
  'fruits.txt': 'apple\nbanana\ncherry\ndate\nelderberry\nfig\n',
  'README.md': '# Shop\n\nA sample repository for Roundhouse.\n',
};
