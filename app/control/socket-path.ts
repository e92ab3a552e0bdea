// Where does the control process listen?

import { join } from 'node:path';

export const socketPath = (dataFolder: string): string => join(dataFolder, 'control.sock');
