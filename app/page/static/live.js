// What every page has of scripts.

import { refreshLater } from './refresh.js';
import { localTimes } from './times.js';

localTimes(document);
refreshLater();
