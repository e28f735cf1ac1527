# Means of areas, groups and cohorts after calibration within groups, areas as strata: survey's svyby.
# Run in scripts/; writes ../numbers/area_means.json. Rows are api schools: school types stand for
# boligomraader, four parts of each for areas, awards for stayers and newcomers; some lack a score.
suppressPackageStartupMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "adjust")
data(api)
d <- read.csv("../data/apistrat.csv")
d$area <- paste0(d$stype, d$cnum %% 4)
d$score <- ifelse(d$enroll %% 11 == 0, NA, d$api00 / 10)
formula <- ~ stype + stype:sch.wide + stype:comp.imp
totals <- colSums(model.matrix(formula, apipop))
plain <- svydesign(id = ~1, strata = ~area, weights = ~pw, data = d)
made <- calibrate(plain, formula, totals, calfun = "raking", epsilon = 1e-12, maxit = 500)
told <- function(design) {
  one <- function(by) { m <- svyby(~score, by, design, svymean, na.rm = TRUE); list(name = do.call(paste, c(m[all.vars(by)], sep = " ")), mean = as.numeric(coef(m)), se = as.numeric(SE(m))) }
  whole <- svymean(~score, design, na.rm = TRUE)
  list(area = one(~area), group = one(~stype), cohort = one(~stype + awards), small = one(~area + awards), study = list(mean = as.numeric(coef(whole)), se = as.numeric(SE(whole))))
}
out <- list(survey = as.character(packageVersion("survey")), plain = told(plain), calibrated = told(made))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "../numbers/area_means.json")
