// What every page has of scripts.

import { refreshLater } from './refresh.js';
import { keepTime } from './times.js';

keepTime();
refreshLater();
