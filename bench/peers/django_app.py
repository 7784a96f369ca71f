"""The Django peers in one file: Django Ninja and Django REST framework, with the usual ORM calls.

Served by gunicorn with threads and connections that stay open, in bench/.venv.
"""

import os
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

_url = urlsplit(os.environ["BENCH_DATABASE_URL"])
_query = parse_qs(_url.query)

settings.configure(
    DEBUG=False,
    SECRET_KEY="bench",  # noqa: S106
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    APPEND_SLASH=False,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path.lstrip("/"),
            "USER": _url.username,
            "HOST": _query["host"][0],
            "PORT": _query["port"][0],
            "CONN_MAX_AGE": None,
        }
    },
)

import django  # noqa: E402

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.db.models.fields.composite import CompositePrimaryKey  # noqa: E402
from django.http import Http404  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Schema  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Row(models.Model):
    class Meta:
        abstract = True
        app_label = "bench"
        managed = False


class Customer(Row):
    customer_id = models.TextField(primary_key=True)
    name = models.TextField()

    class Meta(Row.Meta):
        db_table = "customer"


class Membership(Row):
    pk = CompositePrimaryKey("principal", "customer_id")
    principal = models.TextField()
    customer = models.ForeignKey(Customer, models.DO_NOTHING, db_column="customer_id")

    class Meta(Row.Meta):
        db_table = "membership"


class Product(Row):
    product_number = models.TextField(primary_key=True)
    product_name = models.TextField()
    end_of_support = models.DateField(null=True)

    class Meta(Row.Meta):
        db_table = "product"


class Contract(Row):
    # The number alone tells contracts apart here; a join by it needs no second column.
    contract_number = models.TextField(primary_key=True)
    customer = models.ForeignKey(Customer, models.DO_NOTHING, db_column="customer_id")
    service_id = models.TextField(null=True)
    kind = models.TextField()
    service_level = models.TextField()
    start_date = models.DateField()
    end_date = models.DateField()
    line_count = models.IntegerField()
    support_service_serial = models.TextField(null=True)
    billing = models.TextField(null=True)
    updated_at = models.DateTimeField()

    class Meta(Row.Meta):
        db_table = "contract"


class Line(Row):
    pk = CompositePrimaryKey("customer", "contract", "line_number")
    customer = models.ForeignKey(Customer, models.DO_NOTHING, db_column="customer_id")
    contract = models.ForeignKey(Contract, models.DO_NOTHING, db_column="contract_number")
    line_number = models.IntegerField()
    product = models.ForeignKey(Product, models.DO_NOTHING, db_column="product_number")
    serial_number = models.TextField()

    class Meta(Row.Meta):
        db_table = "contract_line"


def customers_of(principal):
    return Membership.objects.filter(principal=principal).values("customer_id")


def find_contract(number, principal):
    found = (
        Contract.objects.select_related("customer")
        .filter(contract_number=number, customer__in=customers_of(principal))
        .first()
    )
    if found is None:
        raise Http404
    return found


def find_lines(serials, principal):
    return Line.objects.select_related("contract__customer", "product").filter(
        serial_number__in=serials, customer__in=customers_of(principal)
    )


# ------------------------------------------------------------------------------------ Django Ninja


class CustomerOut(Schema):
    customer_id: str
    name: str


class ContractOut(Schema):
    contract_number: str
    customer_id: str
    service_id: str | None
    kind: str
    service_level: str
    start_date: date
    end_date: date
    line_count: int
    support_service_serial: str | None
    billing: str | None
    updated_at: datetime
    customer: CustomerOut


class ProductOut(Schema):
    product_number: str
    product_name: str
    end_of_support: date | None


class LineOut(Schema):
    serial_number: str
    product: ProductOut
    contract: ContractOut


class Machine(Schema):
    serial_number: str


class LookUp(Schema):
    items: list[Machine]


class Found(Schema):
    items: list[LineOut]


ninja = NinjaAPI(docs_url=None, openapi_url=None)


@ninja.get("/contracts/{number}", response=ContractOut)
def ninja_contract(request, number: str):
    return find_contract(number, request.headers["X-Principal"])


@ninja.post("/coverage-lookups", response=Found)
def ninja_coverage(request, asked: LookUp):
    serials = [one.serial_number for one in asked.items]
    return {"items": list(find_lines(serials, request.headers["X-Principal"]))}


# --------------------------------------------------------------------------- Django REST framework


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ("customer_id", "name")


class ContractSerializer(serializers.ModelSerializer):
    customer = CustomerSerializer()

    class Meta:
        model = Contract
        fields = tuple(ContractOut.model_fields.keys() - {"customer_id"})


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ("product_number", "product_name", "end_of_support")


class LineSerializer(serializers.ModelSerializer):
    product = ProductSerializer()
    contract = ContractSerializer()

    class Meta:
        model = Line
        fields = ("serial_number", "product", "contract")


class MachineSerializer(serializers.Serializer):
    serial_number = serializers.CharField()


class LookUpSerializer(serializers.Serializer):
    items = MachineSerializer(many=True)


class ContractView(APIView):
    def get(self, request, number):
        found = find_contract(number, request.headers["X-Principal"])
        return Response(ContractSerializer(found).data)


class CoverageView(APIView):
    def post(self, request):
        asked = LookUpSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        serials = [one["serial_number"] for one in asked.validated_data["items"]]
        found = find_lines(serials, request.headers["X-Principal"])
        return Response({"items": LineSerializer(found, many=True).data})


urlpatterns = [
    path("drf/v1/contracts/<str:number>", ContractView.as_view()),
    path("drf/v1/coverage-lookups", CoverageView.as_view()),
    path("v1/", ninja.urls),
]
application = get_wsgi_application()
